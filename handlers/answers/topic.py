"""What a conversation is about: the last question that was answered. A short follow-up is read together with it.

"敏感肌能用面膜吗", then "那油皮呢": the skin is exchanged. "面膜怎么用", then "多少钱": the thing is taken over.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from handlers.context import Context
from handlers.reading import Reading
from handlers.wording import words
from keywords.normalise import normalise
from storage.conversations import Conversation

#: So long a topic is what "那个" means; and so long a text may be to lean on it (characters).
LIFE, LONGEST = timedelta(minutes=30), 14
#: So soon the same answer again is a repetition.
AGAIN = timedelta(minutes=10)


def set_topic(ctx: Context, conversation: Conversation, entry_id: str, question: str) -> int:
    """The conversation is about this entry now. Returns how many times in a row it was the answer, 1 for the first."""
    before = conversation.topic
    again = before.get("entry") == entry_id and ctx.now - _at(before["at"]) < AGAIN
    times = int(before.get("times", 1)) + 1 if again else 1
    conversation.topic = {"entry": entry_id, "question": question, "at": ctx.now.isoformat(), "times": times}
    return times


def in_full(ctx: Context, conversation: Conversation, text: str) -> Iterator[str]:
    """The whole questions that a follow-up may stand for, the likeliest first; none when it stands on its own."""
    topic = conversation.topic
    bare = _bare(text)
    if not topic or len(bare) > LONGEST or ctx.now - _at(topic["at"]) > LIFE:
        return
    last, now = ctx.brand.read(topic["question"]), ctx.brand.read(text)
    swapped = _swapped(last, now)
    if swapped:
        yield swapped
    things = "".join(_things(last))
    if things and things not in bare:
        yield things + bare
    if leans(text) and not swapped:  # else the old question alone would answer whatever is said after it
        yield f"{topic['question']}，{bare}"


def leans(text: str) -> bool:
    """Whether a text says by its form that it goes on from something: 那……, ……呢, 这个……."""
    return bool(_cues().search(normalise(text).strip()))


def _swapped(last: Reading, now: Reading) -> str:
    """The last question with its words of a dimension exchanged for those of the new text; empty when none match."""
    question, moved = last.text, False
    for old in sorted(last.findings, key=lambda finding: -finding.start):
        new = next((f for f in now.findings if f.dimension == old.dimension and f.tag != old.tag), None)
        if new is not None:
            question, moved = question[: old.start] + new.span + question[old.end :], True
    return question if moved else ""


def _things(last: Reading) -> list[str]:
    """What the last question was about: products it named."""
    return [finding.span for finding in last.findings if finding.dimension == "preference"]


def _bare(text: str) -> str:
    return _cues().sub("", normalise(text).strip()).strip(" ，,。?？!！~")


@cache
def _cues() -> re.Pattern[str]:
    begin, end = (sorted(words(f"follow_up.{side}"), key=len, reverse=True) for side in ("begins", "ends"))
    return re.compile(f"^({'|'.join(map(re.escape, begin))})[，,]?|({'|'.join(map(re.escape, end))})[?？。!！~]*$")


def _at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)

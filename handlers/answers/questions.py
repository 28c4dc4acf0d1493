"""What nobody could answer is listed for the managers: "I do not know", a menu not taken, a hand-off for it."""

import re
from datetime import datetime
from functools import cache

from handlers.context import Context
from handlers.wording import words
from keywords.mask import mask
from keywords.normalise import normalise
from storage import questions as memory
from storage.conversations import KF, Conversation
from storage.messages import Message
from storage.questions import Asked, QuestionAsk

UNSURE, MENU, NONANSWER = "unsure", "menu", "repeated_nonanswer"
KEY_CHARACTERS, EXAMPLE_CHARACTERS = 200, 120
CANDIDATES = 3
_MARKS = re.compile(r"\W|_")
#: Shorter than this, a text is no question that anybody could answer.
SHORTEST = 2


def note(ctx: Context, conversation: Conversation, message: Message, why: str) -> None:
    """List a customer's message as unanswered, once. `why` is UNSURE, MENU or NONANSWER."""
    masked = mask(message.text)
    key = fold(masked)
    if conversation.channel != KF or len(key) < SHORTEST:
        return
    memory.note(
        ctx.db,
        key,
        " ".join(masked.split())[:EXAMPLE_CHARACTERS],
        QuestionAsk(message_id=message.id, conversation_id=conversation.id, why=why, asked_at=message.sent_at),
        [
            {"id": found.entry.id, "title": found.entry.question, "score": found.score}
            for found in ctx.brand.read(message.text).candidates[:CANDIDATES]
        ],
    )


def offer(conversation: Conversation, message: Message) -> None:
    """A menu is the answer to this message: the next turn shows whether it was one."""
    conversation.menu_message_id = message.id


def close_offer(ctx: Context, conversation: Conversation, *, taken: bool) -> None:
    """The next turn is here. When it is no choice from the menu, the question before it is listed."""
    message_id, conversation.menu_message_id = conversation.menu_message_id, None
    message = ctx.db.get(Message, message_id) if message_id is not None and not taken else None
    if message is not None:
        note(ctx, conversation, message, MENU)


def top(ctx: Context, n: int, since: datetime) -> list[Asked]:
    """The open questions asked most often since an instant."""
    return memory.top(ctx.db, n, since)


def fold(text: str) -> str:
    """A question's bare words: one spelling, without marks, politeness and particles. Empty when nothing is left."""
    bare = _fillers().sub("", _MARKS.sub("", normalise(text)))
    return bare[:KEY_CHARACTERS]


@cache
def _fillers() -> re.Pattern[str]:
    listed = sorted(words("question_fillers"), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, listed)))

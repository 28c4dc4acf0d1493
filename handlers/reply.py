"""What to answer: one turn of a conversation in, at most one reply out, its source always named."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers import handoff, questions, staff, tagging
from handlers.audience import Asker
from handlers.context import Context
from handlers.hush import hush, is_hushed
from handlers.reading import ASK_HUMAN, REASONS, Reading
from handlers.say import Words, dressed, phrase, say, trace
from persona import compose
from persona.entries import Entry
from persona.knowledge import Candidate
from storage.conversations import KF, Conversation
from storage.messages import Message

#: Scores of the knowledge search: from here on an entry is the answer; from here on it is worth asking back.
ANSWER_AT, ASK_AT = 0.5, 0.24
#: An answer must also stand clear of the next entry, unless it is all but certain.
CLEAR_LEAD, CERTAIN_AT = 0.06, 0.8
MENU_SIZE = 3
#: This many turns without an answer, one after the other, fetch a person.
UNANSWERED_LIMIT = 2

#: A question that waited this long, through an outage, is answered with an apology.
LATE_AFTER = timedelta(minutes=5)
KF_REPLY_WINDOW = timedelta(hours=48)  # nothing may be sent later (94677)

_DIGIT = re.compile(r"^\s*(?:选|第)?\s*([1-9１-９一二三])\s*(?:个|条|项|号)?\s*[.。、)）]?\s*$")
_DIGITS = {"一": 1, "二": 2, "三": 3}
_RECEIVED = {
    "image": "image_received",
    "voice": "voice_received",
    "video": "file_received",
    "file": "file_received",
    "location": "location_received",
    "link": "link_received",
}


def take_turn(ctx: Context, conversation: Conversation, turn: list[Message]) -> None:
    """Answer what a customer (or staff member) wrote since the last answer. Silent while a human serves."""
    if not turn:
        return
    served_by_a_person = conversation.mode == "human" or handoff.is_in_hands(ctx, conversation)
    for message in turn:
        message.answered_at = ctx.now
    if served_by_a_person:
        wish = _wish(ctx, _written(turn)) if conversation.channel == KF else None
        if wish is not None:
            handoff.overhear(ctx, conversation, wish.wish, wish.wish_words)
        return
    waited = ctx.now - turn[-1].sent_at
    if conversation.channel == KF and waited > KF_REPLY_WINDOW:
        return
    url = str(turn[-1].content.get("response_url", ""))
    if conversation.channel != KF and staff.answer(ctx, conversation, turn, url):
        return
    words = _choose(ctx, conversation, turn)
    if words is not None:
        words = hush(ctx, conversation, words)
        say(ctx, conversation, _sorry(ctx, conversation, words, waited) if waited > LATE_AFTER else words, url)


def _sorry(ctx: Context, conversation: Conversation, words: Words, waited: timedelta) -> Words:
    """The words after an outage, an apology before them (product rule N18)."""
    text = f"{phrase(ctx, conversation, 'apology_late')}\n{words.text}"
    return replace(words, text=text, why={**words.why, "late_s": int(waited.total_seconds())})


def _choose(ctx: Context, conversation: Conversation, turn: list[Message]) -> Words | None:
    written = _written(turn)
    picked = _picked(ctx, conversation, turn)
    questions.close_offer(ctx, conversation, taken=picked is not None)
    wish = _wish(ctx, written) if conversation.channel == KF else None
    if wish is not None:
        return handoff.ask(ctx, conversation, wish.wish, wish.wish_words)
    if picked is not None:
        return _entry_words(ctx, conversation, picked, trace("answer", "menu choice"))
    if not written:
        conversation.unanswered = 0
        key = _RECEIVED.get(turn[-1].msgtype, "other_received")
        return Words(phrase(ctx, conversation, key), trace("received", f"msgtype:{turn[-1].msgtype}"))
    if not any(char.isalnum() or char in "?？" for message in written for char in message.text):
        conversation.unanswered = 0
        return Words(phrase(ctx, conversation, "small_talk"), trace("small", "emoji only"))
    reading = _read_turn(ctx, written)
    return _small_words(ctx, conversation, reading) or _from_knowledge(ctx, conversation, reading, written)


def _written(turn: list[Message]) -> list[Message]:
    return [message for message in turn if message.msgtype == "text" and message.text.strip()]


def _wish(ctx: Context, written: list[Message]) -> Reading | None:
    """The gravest wish for a person in a turn; a plain one that another message of the turn takes back is none."""
    wishes = [reading for reading in (ctx.brand.read(message.text) for message in written) if reading.wish]
    gravest = min(wishes, key=lambda reading: REASONS.index(reading.wish), default=None)
    if gravest is None or gravest.wish != ASK_HUMAN:
        return gravest
    return gravest if _together(ctx, written).wish else None


def _together(ctx: Context, written: list[Message]) -> Reading:
    return ctx.brand.read("，".join(message.text for message in written))


def _picked(ctx: Context, conversation: Conversation, turn: list[Message]) -> Entry | None:
    """The entry a menu click or a bare digit opens."""
    last = turn[-1]
    asker = Asker(ctx, conversation)
    clicked = ctx.brand.knowledge.entries.get(str(last.content.get("menu_id", "")))
    if clicked is not None:
        return clicked if asker.may_hear(clicked) else None
    digit = _DIGIT.match(last.text)
    if digit is None or not conversation.menu:
        return None
    number = _DIGITS.get(digit.group(1)) or int(digit.group(1))
    if number > len(conversation.menu):
        return None
    chosen = ctx.brand.knowledge.entries.get(conversation.menu[number - 1])
    return chosen if chosen is not None and asker.may_hear(chosen) else None


def _read_turn(ctx: Context, written: list[Message]) -> Reading:
    """The reading of a turn: of its one message, or of all its messages as one sentence."""
    if len(written) == 1:
        return ctx.brand.read(written[0].text)
    together = _together(ctx, written)
    single = max((ctx.brand.read(message.text) for message in written), key=_score)
    return single if _score(single) > _score(together) else together


def _score(reading: Reading) -> float:
    return reading.best.score if reading.best else 0.0


def _small_words(ctx: Context, conversation: Conversation, reading: Reading) -> Words | None:
    """Greetings, thanks and the honest answer to "are you a robot": what needs no knowledge."""
    if not reading.intent:
        return None
    key = {
        "greeting": f"greeting.{compose.part_of_day(ctx.local)}",
        "robot": "robot_honest",
    }.get(reading.intent, reading.intent)
    conversation.unanswered = 0
    return Words(phrase(ctx, conversation, key), trace("small", f"intent:{reading.intent}", tokens=[*reading.tokens]))


def _from_knowledge(ctx: Context, conversation: Conversation, reading: Reading, written: list[Message]) -> Words | None:
    asker, question = Asker(ctx, conversation), max(written, key=lambda message: len(message.text))
    found = tuple(candidate for candidate in reading.candidates if asker.may_hear(candidate.entry))
    facts: dict[str, Any] = {
        "tokens": [*reading.tokens],
        "candidates": [_shown(candidate) for candidate in found[:MENU_SIZE]],
        "tags": [tag for m in written for tag in tagging.shown(ctx.brand.catalogue, ctx.brand.read(m.text).findings)],
    }
    if is_answer(found):
        return _entry_words(ctx, conversation, found[0].entry, trace("answer", f"score>={ANSWER_AT}", **facts))
    offered = [candidate.entry for candidate in found[:MENU_SIZE] if candidate.score >= ASK_AT]
    if offered:
        conversation.unanswered = 0
        conversation.menu = [entry.id for entry in offered]
        questions.offer(conversation, question)
        return Words(
            phrase(ctx, conversation, "menu_head"),
            trace("menu", f"score>={ASK_AT}", **facts),
            menu=[(entry.id, entry.question) for entry in offered],
            tail=phrase(ctx, conversation, "menu_tail"),
        )
    if conversation.channel != KF:
        return staff.unknown(ctx, conversation)
    conversation.unanswered += 1
    if conversation.unanswered >= UNANSWERED_LIMIT:
        questions.note(ctx, conversation, question, questions.NONANSWER)
        return handoff.ask(ctx, conversation, "repeated_nonanswer", written[-1].text[:40])
    questions.note(ctx, conversation, question, questions.UNSURE)
    return Words(phrase(ctx, conversation, "unsure"), trace("unsure", f"score<{ASK_AT}", **facts))


def is_answer(found: tuple[Candidate, ...]) -> bool:
    """Whether the best entry is the answer: good enough, and clear of the next one unless all but certain."""
    if not found or found[0].score < ANSWER_AT:
        return False
    return len(found) < 2 or found[0].score >= CERTAIN_AT or found[0].score - found[1].score >= CLEAR_LEAD


def _entry_words(ctx: Context, conversation: Conversation, entry: Entry, why: dict[str, Any]) -> Words:
    """An entry's answer, in the variant made for the customer's tags, in the persona's voice."""
    conversation.unanswered, conversation.menu = 0, []
    answer, chosen_by = entry.answer_for(Asker(ctx, conversation).tags if entry.variants else [])
    why["source"] = {"type": "knowledge", "id": entry.id, "title": entry.question, "version": entry.version}
    if chosen_by:
        why["variant"] = {"tag": chosen_by}
    if is_hushed(ctx, conversation):
        return Words(answer, why)
    return Words(dressed(ctx, conversation, answer), why)


def _shown(candidate: Candidate) -> dict[str, Any]:
    return {"id": candidate.entry.id, "title": candidate.entry.question, "score": candidate.score}

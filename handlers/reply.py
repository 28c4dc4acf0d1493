"""What to answer: one turn of a conversation in, at most one reply out, its source always named.

A turn may first be put to the language model; then it stays open until the model answered or its time was over.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers import handoff, staff
from handlers.answers import answer, model, questions
from handlers.answers.answer import ANSWER, ASK
from handlers.answers.audience import Asker
from handlers.answers.hush import hush
from handlers.context import Context
from handlers.hand_over import wishes
from handlers.reading import Reading
from handlers.say import Words, phrase, say, trace
from keywords.wishes import SURE, Decision
from persona import compose
from persona.entries import Entry
from persona.prompt import Choice
from storage.conversations import KF, Conversation
from storage.messages import Message

#: A choice from the menu and small talk are what they look like, unless something this grave is heard in them.
GRAVE = 2
#: A question this near to an entry is that question, unless listed words say that a person is wanted.
WELL_KNOWN = 0.85
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


class _Waiting:
    """The model has been asked: the turn stays open."""


def take_turn(ctx: Context, conversation: Conversation, turn: list[Message], *, with_model: bool = True) -> None:
    """Answer what a customer (or staff member) wrote since the last answer. Silent while a human serves."""
    if not turn or _is_silent(ctx, conversation, turn):
        return
    if ctx.rules.model:
        model.overtake(ctx, conversation, "the conversation went on")
    url = str(turn[-1].content.get("response_url", ""))
    if conversation.channel != KF and staff.answer(ctx, conversation, turn, url):
        _close(ctx, turn)
        return
    words = _choose(ctx, conversation, turn, with_model=with_model)
    if not isinstance(words, _Waiting):
        _speak(ctx, conversation, turn, words)


def finish_turn(
    ctx: Context, conversation: Conversation, turn: list[Message], choice: Choice | None, told: dict[str, Any]
) -> str:
    """Answer a turn that the model was asked about, by its choice or without it. Returns what blocked its words.

    `told` goes into the reply's `why`; a choice of no entry means that none answers, so that none is said to.
    """
    if _is_silent(ctx, conversation, turn):
        return ""
    written, blocked = _written(turn), ""
    words: Words | str | None = ""
    if choice is not None and choice.entry:
        words = answer.model_words(ctx, conversation, choice, trace("answer", "model", model=told))
        if isinstance(words, str):
            blocked = words
    if isinstance(words, str):
        found = answer.look_up(ctx, conversation, written)
        most = ASK if choice is not None and not choice.entry else ANSWER
        words = answer.words_of(ctx, conversation, found, written, most)
        if words is not None:
            words = replace(words, why={**words.why, "model": {**told, "blocked": blocked} if blocked else told})
    _speak(ctx, conversation, turn, words)
    return blocked


def _is_silent(ctx: Context, conversation: Conversation, turn: list[Message]) -> bool:
    """Whether nothing is to be said: a person serves, or WeCom would not take it any more. The turn is closed then."""
    if conversation.mode == "human" or handoff.is_in_hands(ctx, conversation):
        wish = wishes.decide(ctx, conversation, turn) if conversation.channel == KF else None
        if wish is not None:
            handoff.overhear(ctx, conversation, wish.reason, wish.span, wish.severity)
    elif conversation.channel != KF or ctx.now - turn[-1].sent_at <= KF_REPLY_WINDOW:
        return False
    _close(ctx, turn)
    return True


def _close(ctx: Context, turn: list[Message]) -> None:
    for message in turn:
        message.answered_at = ctx.now


def _speak(ctx: Context, conversation: Conversation, turn: list[Message], words: Words | None) -> None:
    _close(ctx, turn)
    if words is None:
        return
    words = hush(ctx, conversation, words)
    waited = ctx.now - turn[-1].sent_at
    if waited > LATE_AFTER:
        words = _sorry(ctx, conversation, words, waited)
    say(ctx, conversation, words, str(turn[-1].content.get("response_url", "")))


def _sorry(ctx: Context, conversation: Conversation, words: Words, waited: timedelta) -> Words:
    """The words after an outage, an apology before them (product rule N18)."""
    text = f"{phrase(ctx, conversation, 'apology_late')}\n{words.text}"
    return replace(words, text=text, why={**words.why, "late_s": int(waited.total_seconds())})


def _choose(
    ctx: Context, conversation: Conversation, turn: list[Message], *, with_model: bool
) -> Words | _Waiting | None:
    written = _written(turn)
    picked = _picked(ctx, conversation, turn)
    questions.close_offer(ctx, conversation, taken=picked is not None)
    reading = ctx.brand.read("，".join(message.text for message in written))
    wish = wishes.decide(ctx, conversation, turn) if conversation.channel == KF else None
    if wish is not None and _goes_first(ctx, wish, written, is_small=picked is not None or bool(reading.intent)):
        return handoff.ask(ctx, conversation, wish.reason, wish.span, wish.severity)
    if picked is not None:
        return answer.entry_words(ctx, conversation, picked, trace("answer", "menu choice"))
    if not written:
        conversation.unanswered = 0
        key = _RECEIVED.get(turn[-1].msgtype, "other_received")
        return Words(phrase(ctx, conversation, key), trace("received", f"msgtype:{turn[-1].msgtype}"))
    if not any(char.isalnum() or char in "?？" for message in written for char in message.text):
        conversation.unanswered = 0
        return Words(phrase(ctx, conversation, "small_talk"), trace("small", "emoji only"))
    small = _small_words(ctx, conversation, reading)
    if small is not None:
        return small
    found = answer.look_up(ctx, conversation, written)
    if with_model and model.ask(ctx, conversation, turn, found.answers()):
        return _Waiting()
    return answer.words_of(ctx, conversation, found, written, ANSWER)


def _goes_first(ctx: Context, wish: Decision, written: list[Message], *, is_small: bool) -> bool:
    """Whether a wish for a person comes before what a turn looks like: a choice, small talk, well known questions."""
    if wish.severity >= GRAVE:
        return True
    found = [ctx.brand.read(message.text).best for message in written]
    is_known = all(best is not None and best.score >= WELL_KNOWN for best in found)
    return not is_small and (wish.score >= SURE or not is_known)


def _written(turn: list[Message]) -> list[Message]:
    return [message for message in turn if message.msgtype == "text" and message.text.strip()]


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

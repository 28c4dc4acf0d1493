"""Answers from the knowledge: the entry a customer means, up to three to choose from, or an honest "I do not know".

Which entries count depends on who asks and when; the variant told depends on the customer's tags.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from handlers import handoff, staff, tagging
from handlers.answers import questions, topic
from handlers.answers.audience import Asker
from handlers.answers.gate import blocked
from handlers.answers.hush import is_hushed
from handlers.context import Context
from handlers.reading import Reading
from handlers.say import Words, dressed, phrase, trace
from persona.entries import Entry
from persona.knowledge import Candidate, decide, plausible
from persona.prompt import Choice
from storage.conversations import KF, Conversation
from storage.messages import Message

#: The outcomes of a search, the boldest first.
ANSWER, ASK, UNSURE = "answer", "ask", "unsure"
MENU_SIZE = 3
#: This many turns without an answer, one after the other, fetch a person.
UNANSWERED_LIMIT = 2


@dataclass(frozen=True)
class Found:
    """What the knowledge says to a turn: the entries open to this customer, best first, and what led to them."""

    reading: Reading
    candidates: tuple[Candidate, ...]
    asker: Asker
    facts: dict[str, Any]
    certain: bool = False

    @property
    def outcome(self) -> str:
        return ANSWER if self.certain else decide(self.candidates)

    def answers(self) -> list[tuple[Entry, str]]:
        """Each entry with the answer that this customer gets."""
        return [(c.entry, self.asker.answer(c.entry, self.reading)[0]) for c in self.candidates]


def look_up(ctx: Context, conversation: Conversation, written: Sequence[Message]) -> Found:
    """The entries that a turn may mean. A follow-up is read together with what the conversation is about."""
    asker = Asker(ctx, conversation)

    def found(reading: Reading) -> Found:
        open_ = tuple(c for c in reading.candidates if asker.may_hear(c.entry))
        facts = {
            "tokens": [*reading.tokens],
            "candidates": [_shown(candidate) for candidate in open_[:MENU_SIZE]],
            "tags": [
                tag for m in written for tag in tagging.shown(ctx.brand.catalogue, ctx.brand.read(m.text).findings)
            ],
        }
        return Found(reading, open_, asker, facts)

    texts = [message.text for message in written]
    readings = [ctx.brand.read(text) for text in texts]
    if len(texts) > 1:
        readings.append(ctx.brand.read("，".join(texts)))
    own = max(map(found, readings), key=_confidence)
    if len(texts) > 1 or (own.outcome == ANSWER and not topic.leans(texts[0])):
        return own
    for text in topic.in_full(ctx, conversation, texts[0]):
        fuller = found(ctx.brand.read(text))
        if fuller.outcome == ANSWER or _goes_on(fuller, conversation):
            return replace(fuller, facts={**fuller.facts, "read_as": text}, certain=True)
    return own


def _goes_on(fuller: Found, conversation: Conversation) -> bool:
    """Whether a follow-up read in full still means the entry that was the answer before."""
    return fuller.outcome == ASK and fuller.candidates[0].entry.id == conversation.topic["entry"]


def _confidence(found: Found) -> float:
    return found.candidates[0].score if found.candidates else 0.0


def words_of(
    ctx: Context, conversation: Conversation, found: Found, written: Sequence[Message], most: str
) -> Words | None:
    """What to say to a turn. `most` (ANSWER or ASK) is the boldest outcome allowed."""
    question = max(written, key=lambda message: len(message.text))
    outcome = found.outcome if most == ANSWER or found.outcome == UNSURE else ASK
    if outcome == ANSWER:
        why = trace("answer", "knowledge", **found.facts)
        return entry_words(ctx, conversation, found.candidates[0].entry, why, found.reading)
    if outcome == ASK:
        return _menu(ctx, conversation, found, question)
    if conversation.channel != KF:
        return staff.unknown(ctx, conversation)
    conversation.unanswered += 1
    if conversation.unanswered >= UNANSWERED_LIMIT:
        questions.note(ctx, conversation, question, questions.NONANSWER)
        return handoff.ask(ctx, conversation, "repeated_nonanswer", written[-1].text[:40])
    questions.note(ctx, conversation, question, questions.UNSURE)
    return Words(phrase(ctx, conversation, "unsure"), trace("unsure", "knowledge", **found.facts))


def _menu(ctx: Context, conversation: Conversation, found: Found, question: Message) -> Words:
    offered = [candidate.entry for candidate in plausible(found.candidates)[:MENU_SIZE]]
    conversation.unanswered = 0
    conversation.menu = [entry.id for entry in offered]
    questions.offer(conversation, question)
    return Words(
        phrase(ctx, conversation, "menu_head"),
        trace("menu", "knowledge", **found.facts),
        menu=[(entry.id, entry.question) for entry in offered],
        tail=phrase(ctx, conversation, "menu_tail"),
    )


def entry_words(
    ctx: Context, conversation: Conversation, entry: Entry, why: dict[str, Any], asked: Reading | None = None
) -> Words:
    """An entry's answer, in the variant for whom the question is about, in the persona's voice."""
    conversation.unanswered, conversation.menu = 0, []
    answer, chosen_by = Asker(ctx, conversation).answer(entry, asked)
    why["source"] = _source(entry)
    if chosen_by:
        why["variant"] = {"tag": chosen_by}
    times = topic.set_topic(ctx, conversation, entry.id, asked.text if asked else entry.question)
    if is_hushed(ctx, conversation):
        return Words(answer, why)
    if times > 1:
        return Words(phrase(ctx, conversation, "answer_again") + answer, {**why, "times": times})
    return Words(dressed(ctx, conversation, answer), why)


def model_words(ctx: Context, conversation: Conversation, choice: Choice, why: dict[str, Any]) -> Words | str:
    """A model's words for an entry; or why they may not be said."""
    entry = ctx.brand.knowledge.entries[choice.entry]
    why = {**why, "source": _source(entry)}
    block = blocked(ctx, choice.text, why)
    if block is not None:
        return f"{block.gate}: {block.words}"
    conversation.unanswered, conversation.menu = 0, []
    topic.set_topic(ctx, conversation, entry.id, entry.question)
    return Words(choice.text, why)


def _source(entry: Entry) -> dict[str, str]:
    return {"type": "knowledge", "id": entry.id, "title": entry.question, "version": entry.version}


def _shown(candidate: Candidate) -> dict[str, Any]:
    return {"id": candidate.entry.id, "title": candidate.entry.question, "score": candidate.score}

"""What nobody could answer: each question once, with how often, by how many and when it was asked.

Near-duplicates share a question. Those to compare with are found by a few of their character pairs (`QuestionMark`),
chosen by hash, so that two texts that share most of their pairs share one of the chosen ones.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, RowId
from storage.conversations import Conversation

OPEN, ANSWERED, DISMISSED = "open", "answered", "dismissed"
EXAMPLES = 5
#: So many marks a question; at a likeness of 0.6 one of them is shared in 99 of 100 cases.
MARKS = 8
#: Only so many others are compared with a new one, those that share the most marks.
COMPARED = 40
#: Two questions are one from here on: twice the shared pairs of characters, by the pairs of both.
ALIKE = 0.6


class Question(Base):
    """One question. `key` is its folded text, `candidates` the best entries then known, each {id, title, score}."""

    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    examples: Mapped[list[str]] = mapped_column(JSON, default=list)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(9), default=OPEN)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (Index("ix_questions_state", "state", "last_seen_at"),)


class QuestionMark(Base):
    """One of a question's marks: the smallest hash of its character pairs, by one of `MARKS` ways to hash."""

    __tablename__ = "question_marks"

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(16), primary_key=True)

    __table_args__ = (Index("ix_question_marks_mark", "mark", "question_id"),)


class QuestionAsk(Base):
    """One message that asked it; `why` is unsure, menu or repeated_nonanswer."""

    __tablename__ = "question_asks"

    message_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    why: Mapped[str] = mapped_column(String(24))
    asked_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_question_asks_question", "question_id", "asked_at"),
        Index("ix_question_asks_asked", "asked_at"),
    )


@dataclass(frozen=True)
class Asked:
    """A question with how often it was asked, and by how many customers."""

    question: Question
    times: int
    customers: int

    def as_row(self) -> dict[str, Any]:
        """As JSON, for other programs."""
        question = self.question
        return {
            "id": question.id,
            "text": question.examples[0],
            "examples": question.examples,
            "times": self.times,
            "customers": self.customers,
            "state": question.state,
            "candidates": question.candidates,
            "first_seen_at": question.first_seen_at.isoformat(),
            "last_seen_at": question.last_seen_at.isoformat(),
        }


def note(db: Session, key: str, example: str, ask: QuestionAsk, candidates: list[dict[str, Any]]) -> Question | None:
    """List a question that went unanswered; None when this message is listed already.

    `key` is its folded text and must not be empty; `example` is shown to people; `ask.question_id` is filled in. One
    that was answered is open again: it was not answered after all. A dismissed one stays dismissed.
    """
    if db.get(QuestionAsk, ask.message_id) is not None:
        return None
    known = _find_alike(db, key) or _add(db, key, ask.asked_at)
    known.last_seen_at = max(known.last_seen_at, ask.asked_at)
    known.candidates = candidates
    if example not in known.examples and len(known.examples) < EXAMPLES:
        known.examples = [*known.examples, example]
    if known.state == ANSWERED:
        known.state, known.settled_at, known.settled_by = OPEN, None, ""
    ask.question_id = known.id
    db.add(ask)
    return known


def _add(db: Session, key: str, now: datetime) -> Question:
    new = Question(key=key, examples=[], candidates=[], state=OPEN, first_seen_at=now, last_seen_at=now)
    db.add(new)
    db.flush()
    db.add_all(QuestionMark(question_id=new.id, mark=mark) for mark in sorted(_marks(pairs(key))))
    return new


def _find_alike(db: Session, key: str) -> Question | None:
    """The question of the same folded text, else the one most alike."""
    same = db.scalars(select(Question).where(Question.key == key)).first()
    if same is not None:
        return same
    own = pairs(key)
    most_marks = (
        select(QuestionMark.question_id)
        .where(QuestionMark.mark.in_(_marks(own)))
        .group_by(QuestionMark.question_id)
        .order_by(func.count().desc(), QuestionMark.question_id)
        .limit(COMPARED)
    )
    near = db.scalars(select(Question).where(Question.id.in_(most_marks.scalar_subquery()))).all()
    scored = [(likeness(own, pairs(other.key)), -other.id, other) for other in near]
    best = max(scored, default=None, key=lambda found: found[:2])
    return best[2] if best is not None and best[0] >= ALIKE else None


def pairs(key: str) -> frozenset[str]:
    """The pairs of neighbouring characters of a text; of a single character, itself."""
    return frozenset(key[at : at + 2] for at in range(max(len(key) - 1, 1)))


def likeness(one: Collection[str], other: Collection[str]) -> float:
    """0 to 1: how much two sets of pairs share (Dice)."""
    return 2 * len(set(one) & set(other)) / (len(one) + len(other))


def _marks(found: Collection[str]) -> set[str]:
    return {f"{way}{min(_hash(way, pair) for pair in found)}" for way in range(MARKS)}


def _hash(way: int, pair: str) -> str:
    return hashlib.blake2b(pair.encode(), digest_size=6, salt=bytes([way])).hexdigest()


def top(db: Session, most: int, since: datetime, state: str = OPEN) -> list[Asked]:
    """What was asked most often since an instant, the most frequent first, then the newest."""
    times, customers = func.count(), func.count(Conversation.peer.distinct())
    found = db.execute(
        select(Question, times, customers)
        .join(QuestionAsk, QuestionAsk.question_id == Question.id)
        .join(Conversation, Conversation.id == QuestionAsk.conversation_id)
        .where(Question.state == state, QuestionAsk.asked_at >= since)
        .group_by(Question.id)
        .order_by(times.desc(), customers.desc(), Question.last_seen_at.desc(), Question.id)
        .limit(most)
    ).all()
    return [Asked(question, count, people) for question, count, people in found]


def settle(db: Session, question_id: int, state: str, by: str, now: datetime) -> bool:
    """A person says that a question is answered or needs none. False when there is no such open question."""
    known = db.get(Question, question_id)
    if known is None or known.state != OPEN:
        return False
    known.state, known.settled_at, known.settled_by = state, now, by
    return True

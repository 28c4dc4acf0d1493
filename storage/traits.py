"""Traits of the people whom a customer speaks of ("my mother has dry skin"). Never the customer's own tags."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class RelationTrait(Base):
    """A tag that fits somebody close to a customer, by the customer's words. `relation` as the customer says it."""

    __tablename__ = "relation_traits"

    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    relation: Mapped[str] = mapped_column(String(16), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sensitive: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime]


@dataclass(frozen=True)
class Trait:
    """What a message says of somebody else."""

    relation: str
    tag: str
    evidence: dict[str, Any]
    sensitive: bool = False


def note(db: Session, external_userid: str, trait: Trait, now: datetime) -> None:
    """Keep a trait with its latest evidence."""
    key = (external_userid, trait.relation[:16], trait.tag)
    known = db.get(RelationTrait, key)
    if known is None:
        known = RelationTrait(external_userid=key[0], relation=key[1], tag=key[2])
        db.add(known)
    known.evidence, known.sensitive, known.seen_at = trait.evidence, trait.sensitive, now


def drop(db: Session, external_userid: str, relation: str, tag: str) -> None:
    """The customer took it back."""
    known = db.get(RelationTrait, (external_userid, relation[:16], tag))
    if known is not None:
        db.delete(known)


def of_customer(db: Session, external_userid: str) -> list[RelationTrait]:
    """What a customer has told of others, by relation."""
    return list(
        db.scalars(
            select(RelationTrait)
            .where(RelationTrait.external_userid == external_userid)
            .order_by(RelationTrait.relation, RelationTrait.tag)
        )
    )


def forget(db: Session, tags: Collection[str]) -> None:
    """Delete every trait of these tags."""
    db.execute(delete(RelationTrait).where(RelationTrait.tag.in_(tags)))

"""Contacts: the customers we know, and which staff member each of them has added."""

from datetime import datetime

from sqlalchemy import Index, String, exists, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class Customer(Base):
    """A person in WeChat. `external_userid` is WeCom's id for this corp; `first_state` the first code they used."""

    __tablename__ = "customers"

    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), default="")
    avatar: Mapped[str] = mapped_column(String(512), default="")
    gender: Mapped[int] = mapped_column(default=0)
    unionid: Mapped[str] = mapped_column(String(64), default="")
    first_state: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_customers_unfetched",
            "created_at",
            sqlite_where=text("fetched_at IS NULL"),
            postgresql_where=text("fetched_at IS NULL"),
        ),
    )


class Follow(Base):
    """One staff member and one customer who are, or were, WeCom contacts. Tags in WeCom hang on this pair."""

    __tablename__ = "follows"

    userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    external_userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(64), default="")
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(16), default="")

    __table_args__ = (Index("ix_follows_customer", "external_userid"), Index("ix_follows_added", "added_at"))


def open_(db: Session, external_userid: str, now: datetime) -> Customer:
    """The customer, made when new."""
    known = db.get(Customer, external_userid, execution_options={"autoflush": False})  # flushed where it is made
    if known is None:
        known = Customer(external_userid=external_userid, created_at=now, name="", first_state="")
        db.add(known)
        db.flush()
    return known


def name_of(db: Session, external_userid: str) -> str:
    """A customer's name in WeChat; empty while we do not know it."""
    known = db.get(Customer, external_userid)
    return known.name if known is not None else ""


def follow(db: Session, userid: str, external_userid: str, state: str, at: datetime) -> None:
    """Note that a customer and a staff member became contacts (again) at `at`, if nothing newer is known."""
    pair = db.get(Follow, (userid, external_userid))
    if pair is None:
        db.add(Follow(userid=userid, external_userid=external_userid, state=state, added_at=at, ended_by=""))
    elif pair.ended_at is None or pair.ended_at <= at:
        pair.state, pair.added_at, pair.ended_at, pair.ended_by = state or pair.state, at, None, ""


def unfollow(db: Session, userid: str, external_userid: str, by: str, at: datetime) -> None:
    """Note that one of the two (`by`: staff or customer) ended the contact at `at`, if nothing newer is known."""
    pair = db.get(Follow, (userid, external_userid))
    if pair is None:
        pair = Follow(userid=userid, external_userid=external_userid, state="", added_at=at, ended_by="")
        db.add(pair)
    if pair.ended_by != "staff" and pair.added_at <= at:
        pair.ended_at, pair.ended_by = at, by


def followers(db: Session, external_userid: str) -> list[str]:
    """The userids for whom calls on this customer work: WeCom refuses only where the staff member deleted (84061)."""
    return list(
        db.scalars(
            select(Follow.userid)
            .where(Follow.external_userid == external_userid, Follow.ended_by != "staff")
            .order_by(Follow.added_at)
        )
    )


def count_added_since(db: Session, since: datetime) -> int:
    return db.scalar(select(func.count()).select_from(Follow).where(Follow.added_at >= since)) or 0


def never_fetched(db: Session, most: int) -> list[str]:
    """Customers whose profile has never come, oldest first, who are nobody's contact: kf tells their names."""
    return list(
        db.scalars(
            select(Customer.external_userid)
            .where(
                Customer.fetched_at.is_(None),
                ~exists().where(Follow.external_userid == Customer.external_userid),
            )
            .order_by(Customer.created_at)
            .limit(most)
        )
    )

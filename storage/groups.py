"""Groups: customer groups and the staff's own, with what WeCom last told us of them."""

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base

#: How a group is reached: mass message that its owner confirms, webhook robot, or an app's own group chat.
CUSTOMER, WEBHOOK, APPCHAT = "customer", "webhook", "appchat"


class Group(Base):
    """A group. `address` is the chat_id, the robot's webhook key, or the appchat's chatid, by `kind`."""

    __tablename__ = "groups"

    address: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(128), default="")
    owner: Mapped[str] = mapped_column(String(64), default="")
    store: Mapped[str] = mapped_column(String(64), default="")
    member_count: Mapped[int] = mapped_column(default=0)
    member_version: Mapped[str] = mapped_column(String(64), default="")
    planned: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]


def open_(db: Session, address: str, kind: str, now: datetime) -> Group:
    """The group, made when new."""
    known = db.get(Group, address)
    if known is None:
        known = Group(address=address, kind=kind, created_at=now, name="", owner="", store="", planned=False)
        db.add(known)
        db.flush()
    return known


def planned(db: Session) -> list[Group]:
    """The groups that the brand plans posts for and that still exist."""
    return list(
        db.scalars(select(Group).where(Group.planned, Group.dismissed_at.is_(None)).order_by(Group.kind, Group.address))
    )

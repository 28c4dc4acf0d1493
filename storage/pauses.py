"""Pauses: APIs that WeCom told us not to call for a while (45009), kept so that a restart does not forget them."""

from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class Pause(Base):
    """`api` must not be called before `until`."""

    __tablename__ = "pauses"

    api: Mapped[str] = mapped_column(String(80), primary_key=True)
    until: Mapped[datetime]


def pause(db: Session, api: str, until: datetime) -> None:
    """Pause an API; a pause that already lasts longer stays."""
    known = db.get(Pause, api)
    if known is None:
        db.add(Pause(api=api, until=until))
    elif known.until < until:
        known.until = until


def active(db: Session, now: datetime) -> dict[str, datetime]:
    """The APIs paused now, with the end of each pause; pauses that are over are forgotten."""
    rows = list(db.scalars(select(Pause)))
    if any(row.until <= now for row in rows):
        db.execute(delete(Pause).where(Pause.until <= now))
    return {row.api: row.until for row in rows if row.until > now}

"""微信客服 accounts: how far each has been read (`cursor`), and which servicers are accepting."""

from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base


class KfAccount(Base):
    """One account. `cursor` is WeCom's `next_cursor` after the last page stored (94670)."""

    __tablename__ = "kf_accounts"

    open_kfid: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    cursor: Mapped[str] = mapped_column(Text, default="")
    pulled_at: Mapped[datetime | None]
    removed: Mapped[bool] = mapped_column(default=False)


class Servicer(Base):
    """A staff member who serves an account; `accepting` as WeCom last said (servicer/list, servicer_status_change)."""

    __tablename__ = "servicers"

    open_kfid: Mapped[str] = mapped_column(String(64), primary_key=True)
    userid: Mapped[str] = mapped_column(String(64), primary_key=True)
    accepting: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]


def open_(db: Session, open_kfid: str, name: str = "") -> KfAccount:
    """The account, made when new."""
    known = db.get(KfAccount, open_kfid)
    if known is None:
        known = KfAccount(open_kfid=open_kfid, name=name, cursor="")
        db.add(known)
        db.flush()
    known.name, known.removed = name or known.name, False
    return known


def all_accounts(db: Session) -> list[KfAccount]:
    """The accounts we may read."""
    return list(db.scalars(select(KfAccount).where(~KfAccount.removed).order_by(KfAccount.open_kfid)))


def set_servicer(db: Session, open_kfid: str, userid: str, accepting: bool, now: datetime) -> None:
    """Keep what WeCom says of one servicer."""
    known = db.get(Servicer, (open_kfid, userid))
    if known is None:
        db.add(Servicer(open_kfid=open_kfid, userid=userid, accepting=accepting, changed_at=now))
    else:
        known.accepting, known.changed_at = accepting, now


def set_servicers(db: Session, open_kfid: str, statuses: dict[str, bool], now: datetime) -> None:
    """Replace an account's servicers by the list WeCom gave."""
    for known in db.scalars(select(Servicer).where(Servicer.open_kfid == open_kfid)):
        if known.userid not in statuses:
            db.delete(known)
    for userid, accepting in statuses.items():
        set_servicer(db, open_kfid, userid, accepting, now)


def accepting(db: Session, open_kfid: str) -> list[str]:
    """The userids of the servicers who accept customers now."""
    return list(
        db.scalars(
            select(Servicer.userid).where(Servicer.open_kfid == open_kfid, Servicer.accepting).order_by(Servicer.userid)
        )
    )


def forget(db: Session, open_kfid: str) -> None:
    """The account is no longer ours to read; its cursor stays, should it come back."""
    for known in db.scalars(select(Servicer).where(Servicer.open_kfid == open_kfid)):
        db.delete(known)
    account = db.get(KfAccount, open_kfid)
    if account is not None:
        account.removed = True

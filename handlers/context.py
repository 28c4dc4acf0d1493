"""What a handler has in its hands: the transaction, the instant, the brand; and how it asks for things to happen."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from handlers.brand import Brand
from handlers.event import Event
from handlers.intake import to_row
from storage import inbox, outbox


@dataclass(frozen=True)
class HandoffRules:
    """Whom to tell of a hand-off, and when. `overdue_s` has one value for each severity, 0 to 3."""

    alert_from: int
    alert_repeat_s: int
    alert_most: int
    overdue_s: tuple[int, int, int, int]
    hush_days: int


@dataclass(frozen=True)
class Rules:
    """The settings that handlers obey."""

    agentid: int
    burst_window_s: float
    posts_grace_s: int
    posts_catch_up_s: int
    model: str
    model_timeout_s: float
    model_daily_tokens: int
    handoff: HandoffRules


@dataclass(frozen=True)
class Context:
    """One event's handling. `cause_id` is the inbox row that is being handled, `received_at` when it came."""

    db: Session
    now: datetime
    brand: Brand
    rules: Rules
    cause_id: int | None = None
    received_at: datetime | None = None

    @property
    def local(self) -> datetime:
        """Now, in the brand's time zone."""
        return self.brand.local(self.now)

    def call(self, new: outbox.NewCall) -> int | None:
        """Queue a call to WeCom; None when its `dedup_key` is known already."""
        caused = replace(new, cause_id=self.cause_id, caused_at=self.received_at)
        return outbox.put(self.db, caused, self.now)

    def tell(self, event: Event, dedup_key: str, at: datetime | None = None) -> None:
        """Put an event of our own into the inbox, for now or for later; known keys are left alone."""
        inbox.put(self.db, to_row(event, dedup_key, at), self.now)

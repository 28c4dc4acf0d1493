"""Puts the parts together, once per process. Nothing else builds them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from bot import metrics
from bot.clock import Clock
from bot.embedding import open_embedder
from bot.errors import SettingsError
from bot.llm import ChatModel
from bot.queue import Bell
from bot.settings import Settings
from bot.wecom.budget import Budget
from bot.wecom.client import WeComClient
from handlers import accounts, groups
from handlers.brand import Brand, load_brand
from handlers.context import Context, HandoffRules, Rules
from storage import inbox, outbox
from storage.database import Database
from storage.inbox import InboxRow

MIGRATIONS = Path(__file__).parent.parent / "storage" / "migrations"


@dataclass(frozen=True)
class Core:
    """What every process has: settings, clock, database, bell."""

    settings: Settings
    clock: Clock
    database: Database
    bell: Bell

    def stored(self, callbacks: int) -> None:
        """So many callbacks were stored with one commit: let those who work hear of them."""
        self.bell.crowd.note(callbacks)
        self.bell.ring()

    def require_tables(self) -> None:
        """Raises SettingsError when the database cannot be reached, or has not been made yet."""
        try:
            ready = inspect(self.database.engine).has_table("inbox")
        except OperationalError as error:
            raise SettingsError(f"database_url: cannot reach the database: {error.orig}") from None
        if not ready:
            raise SettingsError("database_url: the database has no tables yet; run `wanzi db upgrade` first")


@dataclass(frozen=True)
class Engine:
    """What the process that works has beside the core: the brand, the client, and a language model if one is set."""

    core: Core
    brand: Brand
    client: WeComClient
    rules: Rules
    model: ChatModel | None = None

    def context(self, db: Session, now: datetime, row: InboxRow | None = None) -> Context:
        """What a handler gets; `row` is the event's, none for the clock's tick."""
        cause_id, received_at = (row.id, row.received_at) if row is not None else (None, None)
        return Context(db=db, now=now, brand=self.brand, rules=self.rules, cause_id=cause_id, received_at=received_at)

    def change(self, act: Callable[[Context], None]) -> None:
        """Run something of `handlers` in a transaction of its own, now.

        Done again when another process made the same row at the same instant: then it is there to be found.
        """
        try:
            self._change(act)
        except IntegrityError:
            self._change(act)
        self.core.bell.ring()

    def _change(self, act: Callable[[Context], None]) -> None:
        with self.core.database.write() as db:
            act(self.context(db, self.core.clock.now()))


def open_core(settings: Settings, bell: Bell | None = None, *, gives_way: bool = False) -> Core:
    """The core of a process. Call it after forking. With a broker its bell replaces the local one.

    A process that `gives_way` writes only when callbacks do not crowd in.
    """
    if settings.broker_url:
        from bot.broker import BrokerBell  # Dramatiq is there only where it is wanted

        bell = BrokerBell(settings.broker_url)
    bell = bell or Bell()
    database = Database(settings.database_url, bell.crowd.give_way if gives_way else None)
    return Core(settings, Clock(settings.clock_file), database, bell)


def open_engine(core: Core, brand: Brand | None = None) -> Engine:
    """The core with brand and client. Raises what a wrong brand folder raises."""
    settings = core.settings
    return Engine(
        core=core,
        brand=brand or read_brand(settings),
        client=open_client(settings, core.clock),
        model=ChatModel(settings.llm) if settings.llm.model else None,
        rules=Rules(
            agentid=settings.wecom.agentid,
            burst_window_s=settings.reply.burst_window_s,
            posts_grace_s=settings.posts.grace_s,
            posts_catch_up_s=settings.posts.catch_up_s,
            model=settings.llm.model,
            model_timeout_s=settings.llm.timeout_s,
            model_daily_tokens=settings.llm.daily_tokens,
            handoff=HandoffRules(
                alert_from=settings.handoff.alert_from,
                alert_repeat_s=settings.handoff.alert_repeat_s,
                alert_most=settings.handoff.alert_most,
                overdue_s=settings.handoff.overdue,
                hush_days=settings.handoff.hush_days,
            ),
        ),
    )


def read_brand(settings: Settings) -> Brand:
    return load_brand(settings.brand_dir, settings.persona, settings.timezone, open_embedder(settings))


def open_client(settings: Settings, clock: Clock) -> WeComClient:
    """The client of the self-built app; its calls are counted."""
    wecom = settings.wecom
    return WeComClient(
        wecom.corpid,
        wecom.secret.get_secret_value(),
        wecom.agentid,
        wecom.api_base_url,
        wecom.timeout_s,
        now=clock.time,
        budget=Budget(now=clock.time),
        on_call=lambda api, outcome, _seconds: metrics.CALLS.labels(api, outcome).inc(),
    )


def recover(engine: Engine) -> None:
    """At the start of the only working process: what the last one held is free again, what was missed is looked up."""
    with engine.core.database.write() as db:
        inbox.release_leases(db)
        outbox.expire_leases(db)
    engine.change(begin)


def begin(ctx: Context) -> None:
    """What every working process does first: take over the brand's groups, look up what was missed."""
    groups.plan(ctx)
    accounts.start(ctx)


def upgrade_database(url: str) -> None:
    """Bring the database's schema up to date; makes an SQLite file that is not there."""
    from alembic import command  # a few megabytes that nothing else needs
    from alembic.config import Config

    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")

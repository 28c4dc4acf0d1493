"""Looking things up: the doorbell's messages, what a `Fetch` asks WeCom for, what the language model is asked.

The call is made by whoever holds the row's lease, outside any transaction; what it brought enters through the inbox.
A crash in between repeats the call and stores nothing twice.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from bot.bootstrap import Engine
from bot.errors import GatewayError, ModelError, Rejected, Throttled, Unavailable
from bot.log import where
from bot.queue import keep_working
from bot.wecom import contacts, groups, kf
from bot.wecom.callback import dedup_key, parse_kf_item
from bot.wecom.client import WeComClient
from handlers.answers.model import READ as MODEL
from handlers.event import Event, Fetch, Fetched, KfDoorbell, KfEvent, KfMessage, event_from_json
from handlers.intake import to_row
from storage import accounts, inbox, model_calls
from storage.inbox import InboxRow

log = structlog.get_logger()

LEASE_S = 120.0
RETRY_S, LONGEST_RETRY_S = 2.0, 30.0
#: The first reading of an account brings three days: what is older than this somebody else has dealt with (seconds).
HISTORY_S = 3600
BAD_MSGTOKEN = 95007  # the doorbell's token has expired, or is another account's (94670)

Arguments = dict[str, Any]


def _kf_accounts(client: WeComClient, _: Arguments) -> dict[str, Any]:
    return {"account_list": kf.list_accounts(client)}


def _servicers(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return {"servicer_list": kf.list_servicers(client, arguments["open_kfid"])}


def _service_state(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return kf.get_service_state(client, arguments["open_kfid"], arguments["external_userid"])


def _contact(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return contacts.get(client, arguments["external_userid"])


def _kf_customers(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return kf.batchget_customers(client, arguments["external_userid_list"])


def _corp_tags(client: WeComClient, _: Arguments) -> dict[str, Any]:
    return {"tag_group": contacts.get_corp_tag_list(client)}


def _group(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return {"group_chat": groups.get_group_chat(client, arguments["chat_id"])}


def _mass_result(client: WeComClient, arguments: Arguments) -> dict[str, Any]:
    return {"send_list": groups.get_groupmsg_send_result(client, arguments["msgid"], arguments["userid"])}


def _model(engine: Engine, arguments: Arguments) -> dict[str, Any]:
    """The model's answer to a call's prompt. Raises ModelError."""
    with engine.core.database.read() as db:
        call = model_calls.find(db, arguments["call_id"])
        prompt = call.prompt if call is not None else []
    if engine.model is None or not prompt:
        raise ModelError("there is no model any more")
    return asdict(engine.model.complete(prompt))


#: What a Fetch may ask WeCom for.
READERS: dict[str, Callable[[WeComClient, Arguments], dict[str, Any]]] = {
    "kf_accounts": _kf_accounts,
    "servicers": _servicers,
    "service_state": _service_state,
    "contact": _contact,
    "kf_customers": _kf_customers,
    "corp_tags": _corp_tags,
    "group": _group,
    "mass_result": _mass_result,
}


def _judge_age(event: Event, now: datetime) -> Event:
    """Old messages of a first reading need no answer, old welcome codes are dead."""
    if not isinstance(event, KfMessage | KfEvent) or event.send_time >= now.timestamp() - HISTORY_S:
        return event
    return event.model_copy(update={"history": True} if isinstance(event, KfMessage) else {"welcome_code": ""})


class Reader:
    """Works through the inbox rows that ask WeCom something. Any number may run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database = engine.core.database
        self._client = engine.client

    def run(self, stop: threading.Event) -> None:
        """Look things up until told to stop."""
        clock, bell = self._engine.core.clock, self._engine.core.bell
        keep_working(lambda: self.run_once(clock.now()), bell.listener(), stop)

    def run_once(self, now: datetime) -> int:
        """Answer one row. Returns how many were taken."""
        with self._database.write() as db:
            rows = inbox.claim(db, now, reads=True, most=1, lease_s=LEASE_S)
        for row in rows:
            self._answer(row, now)
        return len(rows)

    def _answer(self, row: InboxRow, now: datetime) -> None:
        outcome = "done"
        try:
            event = event_from_json(row.payload)
            if isinstance(event, KfDoorbell):
                self._pull(row, event)
            elif isinstance(event, Fetch):
                self._fetch(row, event, now)
        except Throttled as exc:
            outcome = "throttled"
            self._later(row, exc.retry_after_s, str(exc))
        except Unavailable as exc:
            outcome = "unavailable"
            self._later(row, min(RETRY_S * row.attempts, LONGEST_RETRY_S), str(exc))
        except GatewayError as exc:  # a doorbell that WeCom refuses: the poll rings again
            outcome = f"refused: {exc.errcode}"
            with self._database.write() as db:
                inbox.finish(db, row.id, now)
        except OperationalError:
            raise
        except Exception as exc:
            log.error("read_failed", id=row.id, kind=row.kind, error=type(exc).__name__)
            outcome = "failed"
            with self._database.write() as db:
                inbox.retry(db, row, now + timedelta(seconds=RETRY_S * 2**row.attempts), type(exc).__name__)
        log.info("read", id=row.id, kind=row.kind, lane=where(row.lane), outcome=outcome, attempt=row.attempts)
        self._engine.core.bell.ring()

    def _later(self, row: InboxRow, seconds: float, reason: str) -> None:
        """Ask again later, however long WeCom is away: nothing is lost by asking."""
        with self._database.write() as db:
            at = self._engine.core.clock.now() + timedelta(seconds=seconds)
            inbox.retry(db, row, at, reason, most=None)

    def _fetch(self, row: InboxRow, event: Fetch, now: datetime) -> None:
        """One answer serves everybody who had asked the same before."""
        with self._database.read() as db:
            answered = max(row.id, inbox.newest_open(db, row.lane, now))
        try:
            result, ok, reason = self._look_up(event), True, ""
        except (Rejected, ModelError) as exc:
            result, ok, reason = {}, False, str(exc)
        fetched = Fetched(
            what=event.what,
            arguments=event.arguments,
            ok=ok,
            reason=reason,
            result=result,
            asked_at=now.timestamp(),
        )
        with self._database.write() as db:
            if inbox.finish(db, row.id, now):
                inbox.finish_lane(db, row.lane, answered, now)
                inbox.put(db, to_row(fetched, f"fetched:{row.id}"), now)

    def _look_up(self, event: Fetch) -> dict[str, Any]:
        if event.what == MODEL:
            return _model(self._engine, event.arguments)
        return READERS[event.what](self._client, event.arguments)

    def _pull(self, row: InboxRow, doorbell: KfDoorbell) -> None:
        """Every page of an account since the stored cursor; a page and its cursor are one commit (94670)."""
        open_kfid, token, now = doorbell.open_kfid, doorbell.token, self._engine.core.clock.now()
        with self._database.write() as db:
            account = accounts.open_(db, open_kfid)
            cursor, answered = account.cursor, inbox.newest_open(db, row.lane)
            first = account.pulled_at is None
        more = True
        while more:
            try:
                page = kf.sync_msg(self._client, open_kfid, cursor, token)
            except Rejected as exc:
                if exc.errcode != BAD_MSGTOKEN or not token:
                    raise
                token = ""  # the stricter rate without a token still brings the messages
                continue
            more = bool(page.get("has_more"))
            events = [parse_kf_item(item, open_kfid) for item in page.get("msg_list", [])]
            if first:
                events = [_judge_age(event, now) for event in events]
            cursor = self._store(row, open_kfid, cursor, str(page.get("next_cursor") or cursor), events)
            self._engine.core.bell.ring()
        now = self._engine.core.clock.now()
        with self._database.write() as db:
            accounts.open_(db, open_kfid).pulled_at = now
            inbox.finish_lane(db, row.lane, answered, now)

    def _store(self, row: InboxRow, open_kfid: str, before: str, after: str, events: list[Event]) -> str:
        """Store a page. Somebody else may have read on in the meantime: then their cursor counts."""
        now = self._engine.core.clock.now()
        with self._database.write() as db:
            inbox.progress(db, row, now, LEASE_S)  # the next failure is a first one again
            inbox.put_many(db, [to_row(event, dedup_key(event, b"")) for event in events], now)
            account = accounts.open_(db, open_kfid)
            if account.cursor == before:
                account.cursor = after
            return account.cursor

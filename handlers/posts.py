"""Posts by time slot: due times become deliveries, deliveries become calls, calls are followed to their end.

The calendar is worked through up to a mark kept in the database, so a restart neither loses nor doubles a post. After
an outage each group gets at most one post to catch up with; what is older is skipped, and says so.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers.brand import PlannedGroup, Post
from handlers.context import Context
from handlers.event import Event, Fetch, Fetched, Settled
from handlers.say import trace
from handlers.wording import word
from storage import outbox
from storage import posts as memory
from storage.posts import FAILED, QUEUED, SENT, SKIPPED, UNKNOWN, WAITING

MASS = "externalcontact/add_msg_template"
#: WeCom answers 41063 while it still hands a new task out; the first look waits.
FIRST_CHECK = timedelta(seconds=30)
CHECK_EVERY = timedelta(minutes=2)
#: The owner may confirm for this long; then nobody asks any more.
STOP_CHECKING = timedelta(days=2)
CALENDAR = "posts"
#: What WeCom's send status means (93338): a group was reached, or will not be.
SEND_STATUS = {1: (SENT, ""), 2: (FAILED, "post.not_friend"), 3: (FAILED, "post.too_many")}


@dataclass(frozen=True)
class _Due:
    post: Post
    group: PlannedGroup
    at: datetime


def tick(ctx: Context) -> None:
    """Make deliveries of everything that has become due since the last tick, and ask after those under way."""
    mark = memory.mark(ctx.db, CALENDAR, ctx.now)
    if ctx.now > mark.done_until:
        due = _due_between(ctx, mark.done_until, ctx.now)
        mark.done_until = ctx.now
        _fire(ctx, _allowed(ctx, due))
    _check(ctx)


def _allowed(ctx: Context, due: list[_Due]) -> list[_Due]:
    """What may be posted; the rest is skipped, with the reason."""
    allowed = []
    for item in due:
        reason = _refusal(ctx, item.post)
        if reason:
            _plan(ctx, item, SKIPPED, reason=reason)
        else:
            allowed.append(item)
    return allowed


def _refusal(ctx: Context, post: Post) -> str:
    """Why a post may not go to any group; empty when it may. Its facts are the brand's own."""
    if not ctx.brand.persona.posts_to_groups:
        return word("post.mode", mode=ctx.brand.persona.mode)
    block = next(ctx.brand.gate.said(post.text), None)
    return word("post.blocked", gate=word(f"gate.{block.gate}"), words=block.words) if block else ""


def _due_between(ctx: Context, after: datetime, until: datetime) -> list[_Due]:
    return [due for group in ctx.brand.groups for due in _due_in(ctx, group, after, until)]


def _due_in(ctx: Context, group: PlannedGroup, after: datetime, until: datetime) -> list[_Due]:
    """What is due in one group in (after, until], looking a week back at most."""
    found = []
    day, last = ctx.brand.local(after).date(), ctx.brand.local(until).date()
    day = max(day, last - timedelta(days=7))
    while day <= last:
        for post in ctx.brand.posts_at(day, group):
            at = datetime.combine(day, post.time, tzinfo=ctx.brand.zone)
            if after < at <= until:
                found.append(_Due(post, group, at))
        day += timedelta(days=1)
    return found


def _fire(ctx: Context, due: list[_Due]) -> None:
    """Send what is on time; of what is late, the newest one per group, and only where nothing on time goes out."""
    grace = timedelta(seconds=ctx.rules.posts_grace_s)
    oldest = ctx.now - timedelta(seconds=ctx.rules.posts_catch_up_s)
    by_group: dict[str, list[_Due]] = defaultdict(list)
    for item in due:
        by_group[item.group.address].append(item)
    going: list[tuple[_Due, bool]] = []
    for items in by_group.values():
        on_time = [item for item in items if ctx.now - item.at <= grace]
        late = [item for item in items if ctx.now - item.at > grace]
        newest = max(late, key=lambda item: item.at, default=None)
        catch_up = newest if newest is not None and not on_time and newest.at >= oldest else None
        going += [(item, False) for item in on_time]
        for item in late:
            if item is catch_up:
                going.append((item, True))
            else:
                _plan(
                    ctx,
                    item,
                    SKIPPED,
                    reason=word("post.one_catch_up" if catch_up or on_time else "post.too_late"),
                )
    _send(ctx, going)


def _plan(ctx: Context, item: _Due, state: str, *, catch_up: bool = False, reason: str = "") -> int | None:
    return memory.plan(
        ctx.db,
        {
            "post_id": item.post.id,
            "address": item.group.address,
            "due_at": item.at,
            "owner": item.group.owner,
            "state": state,
            "catch_up": catch_up,
            "reason": reason,
            "created_at": ctx.now,
        },
    )


def _send(ctx: Context, going: list[tuple[_Due, bool]]) -> None:
    """One call per internal group; one mass message per post, time and owner for customer groups."""
    tasks: dict[tuple[str, datetime, str], list[tuple[_Due, int]]] = defaultdict(list)
    for item, catch_up in going:
        delivery_id = _plan(ctx, item, QUEUED, catch_up=catch_up)
        if delivery_id is None:
            continue
        single = item.group.owner if item.group.kind == "customer" else item.group.address
        tasks[(item.post.id, item.at, single)].append((item, delivery_id))
    for (post_id, at, single), members in tasks.items():
        post, group = members[0][0].post, members[0][0].group
        api, body = _call_of(post, group, [item.group.address for item, _ in members])
        row_id = ctx.call(
            outbox.NewCall(
                api=api,
                payload=body,
                lane=f"post:{single}",
                dedup_key=f"post:{post_id}:{int(at.timestamp())}:{single}",
                why=trace("post", f"slot {post.at}", source={"type": "post", "id": post.id, "title": post.title}),
                priority=outbox.BULK,
                author="system",
                notify=True,
                expires_at=min(_last_moment(ctx, item) for item, _ in members),
            )
        )
        if row_id is not None:
            memory.attach(ctx.db, [delivery_id for _, delivery_id in members], row_id)


def _last_moment(ctx: Context, item: _Due) -> datetime:
    """Until when a post may still leave: WeCom may be away, and then nobody wants two slots at once."""
    latest = max(ctx.now, item.at) + timedelta(seconds=max(ctx.rules.posts_catch_up_s, ctx.rules.posts_grace_s))
    following = [due.at for due in _due_in(ctx, item.group, ctx.now, latest)]
    return min([latest, *following])


def _call_of(post: Post, group: PlannedGroup, addresses: list[str]) -> tuple[str, dict[str, Any]]:
    if group.kind == "customer":
        body: dict[str, Any] = {
            "chat_type": "group",
            "sender": group.owner,
            "chat_id_list": addresses,
            "text": {"content": post.text},
        }
        if post.attachments:
            body["attachments"] = [dict(item) for item in post.attachments]
        return MASS, body
    if group.kind == "webhook":
        return "webhook/send", {"key": group.address, "msgtype": "text", "text": {"content": post.text}}
    return "appchat/send", {"chatid": group.address, "msgtype": "text", "text": {"content": post.text}, "safe": 0}


def on_settled(event: Event, ctx: Context) -> bool:
    """The call that carries a post came back: a mass message now waits for its owner; the others have arrived."""
    if not isinstance(event, Settled):
        return False
    deliveries = memory.of_outbox(ctx.db, event.outbox_id)
    if not deliveries:
        return False
    refused = set(event.response.get("fail_list") or [])
    for delivery in deliveries:
        if event.expired:
            delivery.state = UNKNOWN if event.unknown else SKIPPED
            delivery.reason = word("post.expired_unknown" if event.unknown else "post.expired")
        elif not event.ok:
            delivery.state, delivery.reason = UNKNOWN if event.unknown else FAILED, event.reason
        elif event.api != MASS:
            delivery.state, delivery.sent_at = SENT, ctx.now
        elif delivery.address in refused:
            delivery.state, delivery.reason = FAILED, word("post.not_accepted")
        else:
            delivery.state, delivery.task_msgid = WAITING, str(event.response.get("msgid", ""))
            delivery.check_at = ctx.now + FIRST_CHECK
    return True


def _check(ctx: Context) -> None:
    """Ask WeCom how far the mass messages under way have come, one question per task."""
    asked: set[str] = set()
    for delivery in memory.to_check(ctx.db, ctx.now):
        if ctx.now - delivery.created_at > STOP_CHECKING:
            delivery.check_at, delivery.reason = None, word("post.not_confirmed")
            continue
        delivery.check_at = ctx.now + CHECK_EVERY
        if delivery.task_msgid not in asked:
            asked.add(delivery.task_msgid)
            ctx.tell(
                Fetch(what="mass_result", arguments={"msgid": delivery.task_msgid, "userid": delivery.owner}),
                f"result:{delivery.task_msgid}:{int(ctx.now.timestamp())}",
            )


def on_result_fetched(event: Event, ctx: Context) -> bool:
    """Whom a mass message has reached (get_groupmsg_send_result, 93338)."""
    if not isinstance(event, Fetched) or event.what != "mass_result":
        return False
    status = {str(item.get("chat_id", "")): int(item.get("status", 0)) for item in event.result.get("send_list", [])}
    for delivery in memory.of_task(ctx.db, event.arguments["msgid"]):
        outcome = SEND_STATUS.get(status.get(delivery.address, 0))
        if delivery.state == WAITING and outcome:
            state, reason = outcome
            delivery.state, delivery.check_at = state, None
            delivery.sent_at = ctx.now if state == SENT else None
            delivery.reason = word(reason) if reason else ""
    return True

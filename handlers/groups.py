"""Groups: the brand's plan of them, and what WeCom says of them."""

from datetime import timedelta
from typing import Any

from handlers.context import Context
from handlers.event import Event, ExternalChatChanged, Fetch, Fetched
from storage import groups as memory

#: WeCom's own data lags behind the event by about this much (92122).
DETAIL_LAG = timedelta(seconds=3)


def plan(ctx: Context) -> None:
    """Take over the brand's groups: those it lists are planned, the others are not any more."""
    wanted = {group.address for group in ctx.brand.groups}
    for known in memory.planned(ctx.db):
        known.planned = known.address in wanted
    for group in ctx.brand.groups:
        row = memory.open_(ctx.db, group.address, group.kind, ctx.now)
        row.kind, row.name, row.owner, row.store = group.kind, group.name, group.owner or row.owner, group.store
        row.planned = True


def on_chat_changed(event: Event, ctx: Context) -> bool:
    """A customer group was made, changed or dismissed (change_external_chat)."""
    if not isinstance(event, ExternalChatChanged):
        return False
    row = memory.open_(ctx.db, event.chat_id, memory.CUSTOMER, ctx.now)
    if event.change_type == "dismiss":
        row.dismissed_at = ctx.now
        return True
    row.dismissed_at = None
    ctx.tell(
        Fetch(what="group", arguments={"chat_id": event.chat_id}),
        f"group:{event.chat_id}:{ctx.cause_id}",
        ctx.now + DETAIL_LAG,
    )
    return True


def on_group_fetched(event: Event, ctx: Context) -> bool:
    """A customer group's details came (92122)."""
    if not isinstance(event, Fetched) or event.what != "group":
        return False
    if not event.ok:
        return True
    details: dict[str, Any] = event.result.get("group_chat", {})
    row = memory.open_(ctx.db, event.arguments["chat_id"], memory.CUSTOMER, ctx.now)
    row.name = str(details.get("name") or row.name)[:128]
    row.owner = str(details.get("owner") or row.owner)[:64]
    row.member_count = len(details.get("member_list", []))
    row.member_version = str(details.get("member_version", ""))[:64]
    row.fetched_at = ctx.now
    return True

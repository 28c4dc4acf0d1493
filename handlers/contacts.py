"""Contacts: what WeCom tells of the customers we know. Names come after the first words, never before an answer."""

from datetime import timedelta
from typing import Any

from handlers import tagging
from handlers.context import Context
from handlers.event import Event, Fetch, Fetched
from storage import contacts as memory
from storage.contacts import Customer

#: New customers are looked up together, this often and so many at once (kf/customer/batchget, at most 100).
NAMES_EVERY = timedelta(seconds=30)
NAMES_AT_ONCE = 100


def tick(ctx: Context) -> None:
    """Ask for the names of customers who have only ever written to a kf account."""
    unnamed = memory.never_fetched(ctx.db, NAMES_AT_ONCE)
    if unnamed:
        period = int(ctx.now.timestamp() // NAMES_EVERY.total_seconds())
        ctx.tell(Fetch(what="kf_customers", arguments={"external_userid_list": unnamed}), f"kf_customers:{period}")


def look_up(ctx: Context, external_userid: str) -> None:
    """Ask for the profile of a customer whom staff have as a contact."""
    ctx.tell(
        Fetch(what="contact", arguments={"external_userid": external_userid}),
        f"contact:{external_userid}:{ctx.cause_id}",
    )


def on_contact_fetched(event: Event, ctx: Context) -> bool:
    """A customer's profile came (92114): name and face; and the corp tags a staff member took away by hand."""
    if not isinstance(event, Fetched) or event.what != "contact":
        return False
    if not event.ok:
        return True
    customer = memory.open_(ctx.db, event.arguments["external_userid"], ctx.now)
    _take_over(ctx, customer, event.result.get("external_contact", {}), "name")
    for follower in event.result.get("follow_user", []):
        held = {str(tag.get("tag_id", "")) for tag in follower.get("tags", [])}
        tagging.compare_with_wecom(ctx, customer.external_userid, str(follower.get("userid", "")), held, event.asked_at)
    return True


def on_kf_customers_fetched(event: Event, ctx: Context) -> bool:
    """Names and faces of kf customers came (95159); who is not in the answer is not asked for again."""
    if not isinstance(event, Fetched) or event.what != "kf_customers":
        return False
    if not event.ok:
        return True
    profiles = {str(item.get("external_userid")): item for item in event.result.get("customer_list", [])}
    for external_userid in event.arguments["external_userid_list"]:
        customer = memory.open_(ctx.db, external_userid, ctx.now)
        _take_over(ctx, customer, profiles.get(external_userid, {}), "nickname")
    return True


def _take_over(ctx: Context, customer: Customer, profile: dict[str, Any], name: str) -> None:
    customer.name = str(profile.get(name) or customer.name)[:128]
    customer.avatar = str(profile.get("avatar") or customer.avatar)[:512]
    customer.gender = int(profile.get("gender") or 0)
    customer.unionid = str(profile.get("unionid") or "")[:64]
    customer.fetched_at = ctx.now

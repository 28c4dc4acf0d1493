"""Corp tags: what we know of a customer, shown to the staff in WeCom, and what a person took away there."""

from collections.abc import Iterable
from typing import Any

from handlers.context import Context
from handlers.event import Event, ExternalTagChanged, Fetch, Fetched, Settled
from handlers.say import trace
from keywords.catalogue import DIMENSIONS
from storage import contacts, corp_tags, outbox, tags
from storage.base import utc
from storage.corp_tags import CorpTag

MARK = "externalcontact/mark_tag"
ADD = "externalcontact/add_corp_tag"
UNKNOWN_TAG = 40068  # a tag_id that WeCom does not know, or no longer (92118)
NAME_TAKEN = 40071  # a corp tag of this name exists (92117)


def show(ctx: Context, external_userid: str, names: Iterable[str]) -> None:
    """Put tags on a customer for every staff member who has the customer."""
    wanted = list(names)
    for userid in contacts.followers(ctx.db, external_userid) if wanted else ():
        _mark(ctx, userid, external_userid, wanted)


def show_all(ctx: Context, external_userid: str, userid: str) -> None:
    """A staff member has a new contact: show them every tag the customer has already."""
    held = [tag.tag for tag in tags.of_customer(ctx.db, external_userid)]
    if held:
        _mark(ctx, userid, external_userid, held)


def hide(ctx: Context, external_userid: str, name: str) -> None:
    """Take a tag off again wherever we had put it on; what staff marked by themselves stays."""
    corp_tag = corp_tags.find(ctx.db, name)
    if corp_tag is None or not corp_tag.tag_id:
        return
    for userid in contacts.followers(ctx.db, external_userid):
        if corp_tag.tag_id in corp_tags.marks(ctx.db, userid, external_userid):
            corp_tags.forget_mark(ctx.db, userid, external_userid, corp_tag.tag_id)
            body = {"userid": userid, "external_userid": external_userid, "remove_tag": [corp_tag.tag_id]}
            _call(ctx, MARK, body, notify=False)


def taken_off(ctx: Context, external_userid: str, userid: str, there: set[str], seen_at: float) -> list[str]:
    """The tags that we had put on this contact before `seen_at` (unix seconds) and that were gone then: by hand."""
    gone = [t for t in corp_tags.marks(ctx.db, userid, external_userid, before=utc(seen_at)) if t not in there]
    for tag_id in gone:
        corp_tags.forget_mark(ctx.db, userid, external_userid, tag_id)
    return [name for name in (corp_tags.name_of(ctx.db, tag_id) for tag_id in gone) if name]


def _mark(ctx: Context, userid: str, external_userid: str, names: Iterable[str]) -> None:
    """Queue mark_tag for tags whose corp tag is known; ask for the others to be made first."""
    known, unknown = [], []
    for name in names:
        corp_tag = corp_tags.find(ctx.db, name)
        if corp_tag is not None and corp_tag.tag_id:
            known.append(corp_tag.tag_id)
        else:
            unknown.append(name)
    if known:
        _call(ctx, MARK, {"userid": userid, "external_userid": external_userid, "add_tag": known}, notify=True)
    for name in unknown:
        _make(ctx, name)


def _make(ctx: Context, name: str) -> None:
    """Ask WeCom for a corp tag, once at a time."""
    corp_tag = corp_tags.find(ctx.db, name) or CorpTag(name=name, tag_id="")
    if corp_tag.asked_at is not None:
        return
    corp_tag.asked_at = ctx.now
    ctx.db.add(corp_tag)
    dimension = ctx.brand.catalogue.dimension_of(name)
    _call(ctx, ADD, {"group_name": DIMENSIONS[dimension], "tag": [{"name": name}]}, notify=True, lane="corp_tags")


def _call(ctx: Context, api: str, body: dict[str, Any], *, notify: bool, lane: str = "") -> None:
    ctx.call(
        outbox.NewCall(
            api=api,
            payload=body,
            lane=lane or f"tag:{body['userid']}:{body['external_userid']}",
            why=trace("tag", api),
            priority=outbox.BULK,
            author="system",
            notify=notify,
        )
    )


def on_settled(event: Event, ctx: Context) -> bool:
    """WeCom made a corp tag, or put tags on a contact."""
    if not isinstance(event, Settled) or event.api not in (ADD, MARK):
        return False
    row = outbox.find(ctx.db, event.outbox_id)
    if row is not None:
        (_on_marked if event.api == MARK else _on_made)(ctx, event, row.body)
    return True


def _on_marked(ctx: Context, event: Settled, body: dict[str, Any]) -> None:
    userid, external_userid = body["userid"], body["external_userid"]
    if event.ok:
        for tag_id in body.get("add_tag", []):
            corp_tags.note_mark(ctx.db, userid, external_userid, tag_id, ctx.now)
            name = corp_tags.name_of(ctx.db, tag_id)
            if name and not tags.has(ctx.db, external_userid, name):  # it ended while it was being put on
                hide(ctx, external_userid, name)
    elif event.errcode == UNKNOWN_TAG:  # deleted behind our back: look again, once an hour for each contact
        pair = {"userid": userid, "external_userid": external_userid}
        ctx.tell(Fetch(what="corp_tags", arguments=pair), f"corp_tags:{userid}:{external_userid}:{ctx.now:%Y%m%d%H}")


def _on_made(ctx: Context, event: Settled, body: dict[str, Any]) -> None:
    if event.ok:
        _remember(ctx, [event.response.get("tag_group", {})])
        return
    corp_tag = corp_tags.find(ctx.db, body["tag"][0]["name"])
    if corp_tag is not None:
        corp_tag.asked_at = None
    if event.errcode == NAME_TAKEN:
        ctx.tell(Fetch(what="corp_tags"), f"corp_tags:{event.outbox_id}")


def on_fetched(event: Event, ctx: Context) -> bool:
    """All corp tags, as WeCom has them."""
    if not isinstance(event, Fetched) or event.what != "corp_tags":
        return False
    if event.ok:
        groups = event.result.get("tag_group", [])
        there = {
            str(item.get("id", "")) for group in groups for item in group.get("tag", []) if not item.get("deleted")
        }
        corp_tags.forget_all_but(ctx.db, there, before=utc(event.asked_at))
        _remember(ctx, groups)
        if event.arguments:
            show_all(ctx, event.arguments["external_userid"], event.arguments["userid"])
    return True


def _remember(ctx: Context, groups: list[dict[str, Any]]) -> None:
    """Keep the ids; tags that waited for theirs are shown now."""
    for group in groups:
        for item in group.get("tag", []):
            name, tag_id = str(item.get("name", ""))[:64], str(item.get("id", ""))
            if not name or not tag_id or item.get("deleted"):
                continue
            before = corp_tags.find(ctx.db, name)
            waited = before is not None and not before.tag_id
            corp_tags.remember(ctx.db, name, tag_id, str(group.get("group_name", ""))[:64])
            if waited:
                for external_userid in tags.customers_with(ctx.db, name):
                    show(ctx, external_userid, [name])


def on_changed(event: Event, ctx: Context) -> bool:
    """The corp's tags were changed in WeCom: forget a deleted one, look the others up again."""
    if not isinstance(event, ExternalTagChanged):
        return False
    if event.change_type == "delete" and event.tag_type == "tag":
        corp_tags.forget(ctx.db, event.tag_id)
    else:
        ctx.tell(Fetch(what="corp_tags"), f"corp_tags:changed:{ctx.cause_id}")
    return True

"""Tags: words earn them, WeCom shows them to the staff, and what a person removed stays removed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from handlers.context import Context
from handlers.event import Event, ExternalTagChanged, Fetch, Fetched, Settled
from handlers.say import trace
from keywords.catalogue import DIMENSIONS
from storage import contacts, outbox, tags
from storage.base import utc
from storage.messages import Message
from storage.tags import Gain

MARK = "externalcontact/mark_tag"
ADD = "externalcontact/add_corp_tag"
UNKNOWN_TAG = 40068  # a tag_id that WeCom does not know, or no longer (92118)
NAME_TAKEN = 40071  # a corp tag of this name exists (92117)


def tag_from_words(ctx: Context, external_userid: str, message: Message) -> None:
    """Give the tags that a message's words earn; traits of other people are not the customer's."""
    if message.msgtype != "text" or not message.text:
        return
    own = [finding for finding in ctx.brand.read(message.text).findings if finding.relation is None]
    give(
        ctx,
        external_userid,
        [
            Gain(f.tag, f.dimension, "keyword", {**f.evidence(), "message_id": message.id, "msgid": message.msgid})
            for f in own
        ],
    )


def give(ctx: Context, external_userid: str, gains: list[Gain]) -> list[str]:
    """Give tags to a customer, and show the new ones to every staff member who has the customer. Returns the new."""
    new = [gain.tag for gain in gains if tags.gain(ctx.db, external_userid, gain, ctx.now)]
    if new:
        for userid in contacts.followers(ctx.db, external_userid):
            _mark(ctx, userid, external_userid, new)
    return new


def mark_again(ctx: Context, external_userid: str, userid: str) -> None:
    """A staff member has a new contact: show them every tag the customer has already."""
    held = [tag.tag for tag in tags.of_customer(ctx.db, external_userid)]
    if held:
        _mark(ctx, userid, external_userid, held)


def _mark(ctx: Context, userid: str, external_userid: str, names: Iterable[str]) -> None:
    """Queue mark_tag for tags whose corp tag is known; ask for the others to be made first."""
    known, unknown = [], []
    for name in names:
        corp_tag = tags.find_corp_tag(ctx.db, name)
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
    corp_tag = tags.find_corp_tag(ctx.db, name) or tags.CorpTag(name=name, tag_id="")
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
    if row is None:
        return True
    body = row.body
    if event.api == MARK:
        if event.ok:
            for tag_id in body.get("add_tag", []):
                tags.note_mark(ctx.db, body["userid"], body["external_userid"], tag_id, ctx.now)
        elif event.errcode == UNKNOWN_TAG:  # deleted behind our back: look again, once an hour for each contact
            pair = {"userid": body["userid"], "external_userid": body["external_userid"]}
            mark = f"{pair['userid']}:{pair['external_userid']}:{ctx.now:%Y%m%d%H}"
            ctx.tell(Fetch(what="corp_tags", arguments=pair), f"corp_tags:{mark}")
        return True
    if event.ok:
        _remember(ctx, [event.response.get("tag_group", {})])
    else:
        name = body["tag"][0]["name"]
        corp_tag = tags.find_corp_tag(ctx.db, name)
        if corp_tag is not None:
            corp_tag.asked_at = None
        if event.errcode == NAME_TAKEN:
            ctx.tell(Fetch(what="corp_tags"), f"corp_tags:{event.outbox_id}")
    return True


def on_corp_tags_fetched(event: Event, ctx: Context) -> bool:
    """All corp tags, as WeCom has them."""
    if not isinstance(event, Fetched) or event.what != "corp_tags":
        return False
    if event.ok:
        groups = event.result.get("tag_group", [])
        there = {
            str(item.get("id", "")) for group in groups for item in group.get("tag", []) if not item.get("deleted")
        }
        tags.forget_corp_tags_but(ctx.db, there, before=utc(event.asked_at))
        _remember(ctx, groups)
        if event.arguments:
            mark_again(ctx, event.arguments["external_userid"], event.arguments["userid"])
    return True


def _remember(ctx: Context, groups: list[dict[str, Any]]) -> None:
    """Keep the ids; tags that waited for theirs are shown now."""
    for group in groups:
        for item in group.get("tag", []):
            name, tag_id = str(item.get("name", ""))[:64], str(item.get("id", ""))
            if not name or not tag_id or item.get("deleted"):
                continue
            before = tags.find_corp_tag(ctx.db, name)
            waited = before is not None and not before.tag_id
            tags.remember_corp_tag(ctx.db, name, tag_id, str(group.get("group_name", ""))[:64])
            if waited:
                for external_userid in tags.customers_with(ctx.db, name):
                    for userid in contacts.followers(ctx.db, external_userid):
                        _mark(ctx, userid, external_userid, [name])


def on_corp_tag_changed(event: Event, ctx: Context) -> bool:
    """The corp's tags were changed in WeCom: forget a deleted one, look the others up again."""
    if not isinstance(event, ExternalTagChanged):
        return False
    if event.change_type == "delete" and event.tag_type == "tag":
        tags.forget_corp_tag(ctx.db, event.tag_id)
    else:
        ctx.tell(Fetch(what="corp_tags"), f"corp_tags:changed:{ctx.cause_id}")
    return True


def compare_with_wecom(ctx: Context, external_userid: str, userid: str, held: set[str], seen_at: datetime) -> None:
    """A tag that we had put on this contact before `seen_at`, and that was gone then, was removed by hand."""
    for tag_id in tags.marks(ctx.db, userid, external_userid, before=seen_at):
        if tag_id in held:
            continue
        tags.forget_mark(ctx.db, userid, external_userid, tag_id)
        name = tags.name_of(ctx.db, tag_id)
        if name:
            remove(ctx, external_userid, name, by=userid)


def remove(ctx: Context, external_userid: str, name: str, *, by: str) -> bool:
    """Take a tag away by hand: the same words do not bring it back. False when the customer does not have it."""
    if not tags.remove(ctx.db, external_userid, name, by, ctx.now):
        return False
    corp_tag = tags.find_corp_tag(ctx.db, name)
    if corp_tag is not None and corp_tag.tag_id:
        for userid in contacts.followers(ctx.db, external_userid):
            if corp_tag.tag_id in tags.marks(ctx.db, userid, external_userid):
                tags.forget_mark(ctx.db, userid, external_userid, corp_tag.tag_id)
                body = {"userid": userid, "external_userid": external_userid, "remove_tag": [corp_tag.tag_id]}
                _call(ctx, MARK, body, notify=False)
    return True

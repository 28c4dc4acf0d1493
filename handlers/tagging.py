"""Tags: words earn them, later words and time end them, and what a person decided stays decided."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers.context import Context
from handlers.tags import corp_tags
from keywords.catalogue import Catalogue
from keywords.flow import follow
from keywords.tagger import TagFinding
from storage import tags, traits
from storage.messages import Message
from storage.tags import Gain
from storage.traits import Trait

#: So many tags at most end with one tick.
AT_ONCE = 200


def tag_from_words(ctx: Context, external_userid: str, message: Message) -> None:
    """Give the tags that a message's words earn, and end those it takes back; traits of others are kept apart."""
    if message.msgtype != "text" or not message.text:
        return
    where = {"message_id": message.id, "msgid": message.msgid}
    findings = [f for f in ctx.brand.read(message.text).findings if ctx.brand.catalogue.admits(f.tag, f.confidence)]
    for finding in findings:
        if finding.relation is not None:
            _note_trait(ctx, external_userid, finding, where)
    own = [finding for finding in findings if finding.relation is None]
    give(
        ctx,
        external_userid,
        [Gain(f.tag, f.dimension, "keyword", {**f.evidence(), **where}) for f in own if not f.withdraws],
        taken_back={f.tag: {**f.evidence(), **where} for f in own if f.withdraws},
    )


def _note_trait(ctx: Context, external_userid: str, finding: TagFinding, where: dict[str, Any]) -> None:
    relation, tag = str(finding.relation), finding.tag
    if finding.withdraws:
        traits.drop(ctx.db, external_userid, relation, tag)
        return
    sensitive = ctx.brand.catalogue.is_sensitive(tag)
    traits.note(ctx.db, external_userid, Trait(relation, tag, {**finding.evidence(), **where}, sensitive), ctx.now)


def give(
    ctx: Context, external_userid: str, gains: Sequence[Gain], taken_back: dict[str, dict[str, Any]] | None = None
) -> list[str]:
    """Give tags, end those that they replace or contradict and those `taken_back` (tag to evidence); tell WeCom.

    Returns the tags that are new.
    """
    if not gains and not taken_back:
        return []
    taken_back, reasons = taken_back or {}, {gain.tag: gain for gain in reversed(gains)}
    known = tags.all_of_customer(ctx.db, external_userid)
    held = {tag.tag for tag in known if tag.removed_at is None}
    removed = {tag.tag for tag in known if tag.ended == tags.REMOVED}
    said = [gain.tag for gain in gains if gain.tag not in removed]
    flow = follow(ctx.brand.catalogue, held, said, taken_back)
    for tag, (how, by_tag) in flow.ended.items():
        evidence = taken_back[tag] if by_tag in taken_back else {**reasons[by_tag].evidence, "by_tag": by_tag}
        end(ctx, external_userid, tag, how, evidence)
    for tag in flow.gained:
        tags.gain(ctx.db, external_userid, _lasting(ctx, reasons[tag]), ctx.now)
    new = [tag for tag in flow.gained if tag not in held]
    corp_tags.show(ctx, external_userid, new)
    return new


def _lasting(ctx: Context, gain: Gain) -> Gain:
    """A gain with what the catalogue says of its tag: for how long, and whether it is sensitive."""
    rule = ctx.brand.catalogue.find(gain.tag)
    if rule is None:
        return gain
    until = ctx.now + timedelta(days=rule.expires_days) if rule.expires_days else None
    return replace(gain, sensitive=rule.sensitive, expires_at=until)


def end(ctx: Context, external_userid: str, name: str, how: str, evidence: dict[str, Any]) -> bool:
    """Let words or time end a tag, here and in WeCom. False when it is not held, or kept by a person."""
    if not tags.end(ctx.db, external_userid, name, how, evidence, ctx.now):
        return False
    corp_tags.hide(ctx, external_userid, name)
    return True


def remove(ctx: Context, external_userid: str, name: str, *, by: str) -> bool:
    """Take a tag away by hand: the same words do not bring it back. False when the customer does not have it."""
    if not tags.remove(ctx.db, external_userid, name, by, ctx.now):
        return False
    corp_tags.hide(ctx, external_userid, name)
    return True


def restore(ctx: Context, external_userid: str, name: str, *, by: str) -> bool:
    """Give an ended tag back by hand: neither words nor time end it again. False when it had not ended."""
    if not tags.restore(ctx.db, external_userid, name, by, ctx.now):
        return False
    corp_tags.show(ctx, external_userid, [name])
    return True


def compare_with_wecom(ctx: Context, external_userid: str, userid: str, held: set[str], seen_at: float) -> None:
    """A tag that we had put on this contact before `seen_at`, and that was gone then, was removed by hand."""
    for name in corp_tags.taken_off(ctx, external_userid, userid, held, seen_at):
        remove(ctx, external_userid, name, by=userid)


def tick(ctx: Context) -> None:
    """End the tags whose time is over; forget what was recorded of sensitive tags that the brand has switched off."""
    for tag in tags.run_out(ctx.db, ctx.now, AT_ONCE):
        until, seen = tag.expires_at, tag.seen_at
        evidence = {"expires_at": until.isoformat() if until else "", "seen_at": seen.isoformat()}
        end(ctx, tag.external_userid, tag.tag, tags.EXPIRED, evidence)
    unwanted = {rule.name for rule in ctx.brand.catalogue.resting if rule.sensitive}
    if unwanted:
        for tag in tags.named(ctx.db, unwanted, AT_ONCE):
            corp_tags.hide(ctx, tag.external_userid, tag.tag)
            tags.forget(ctx.db, tag.external_userid, tag.tag)
        traits.forget(ctx.db, unwanted)


def shown(catalogue: Catalogue, findings: Iterable[TagFinding]) -> list[dict[str, Any]]:
    """What a `why` tells of the tags in a message: whose they are, by which words and rule, and which are sensitive."""
    return [
        {
            "tag": f.tag,
            "dimension": f.dimension,
            "span": f.span,
            "rule": f.rule,
            "confidence": f.confidence,
            "relation": f.relation,
            "withdraws": f.withdraws,
            "sensitive": catalogue.is_sensitive(f.tag),
        }
        for f in findings
        if catalogue.admits(f.tag, f.confidence)
    ]

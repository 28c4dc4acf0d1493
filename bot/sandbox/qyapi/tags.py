"""企业客户标签: groups, tags and marks per (member, customer) (92117, 92118)."""

from typing import Any

from bot.sandbox.call import BAD, MISSING, Answer, Call, Route, at_most_chars, maybe_int, parts, strings, text
from bot.sandbox.model import Tag, TagGroup
from bot.sandbox.qyapi.contact import follow_of
from bot.sandbox.refusal import Refusal

NAME_CHARS = 30  # 92117
MAX_ORDER = 2**32 - 1
MAX_MARKS = 3000  # per member and customer (92697)


def get_corp_tag_list(call: Call) -> Answer:
    """Everything, or the groups of group_id (which wins), or those holding a tag of tag_id, with these tags only."""
    tag_ids, group_ids = strings(call.body, "tag_id", 1000), strings(call.body, "group_id", 1000)
    groups = call.world.tag_groups.values()
    if group_ids:
        return {"tag_group": [group_view(g) for g in groups if g.group_id in group_ids]}
    if not tag_ids:
        return {"tag_group": [group_view(g) for g in groups]}
    shown = [group_view(g, set(tag_ids)) for g in groups]
    return {"tag_group": [group for group in shown if group["tag"]]}


def group_view(group: TagGroup, only: set[str] | None = None) -> dict[str, Any]:
    tags = sorted(group.tags.values(), key=lambda tag: -tag.order)
    return {
        "group_id": group.group_id,
        "group_name": group.group_name,
        "create_time": group.create_time,
        "order": group.order,
        "tag": [
            {"id": t.id, "name": t.name, "create_time": t.create_time, "order": t.order}
            for t in tags
            if only is None or t.id in only
        ],
    }


def add_corp_tag(call: Call) -> Answer:
    """Into group_id, into the group of that name, or into a new one. Answers one object, not a list."""
    wanted = _wanted_tags(call)
    group, is_new = _target_group(call)
    have = {tag.name for tag in group.tags.values()}
    if taken := [name for name in wanted if name in have]:
        raise Refusal(40071, f"tag name exists: {taken[0]}")
    total = sum(len(g.tags) for g in call.world.tag_groups.values())
    if total + len(wanted) > call.world.rules.corp_tag_limit:
        raise Refusal(81017, "too many corp tags")
    if is_new:
        call.world.tag_groups[group.group_id] = group
    made = {}
    for name, order in wanted.items():
        tag = Tag(call.world.new_id("et", 14), name, int(call.now), order)
        group.tags[tag.id] = made[tag.id] = tag
    _tell(call, "add", group.group_id)
    return {"tag_group": group_view(group, set(made))}


def _wanted_tags(call: Call) -> dict[str, int]:
    """Names in the order given with their order; the same name twice collapses."""
    wanted: dict[str, int] = {}
    for tag in parts(call.body, "tag"):
        name = text(tag, "name", 41018)
        at_most_chars(name, NAME_CHARS, "tag.name", 40072)
        wanted.setdefault(name, maybe_int(tag, "order", 0, 0, MAX_ORDER))
    if not wanted:
        raise Refusal(MISSING, "missing tag")
    return wanted


def _target_group(call: Call) -> tuple[TagGroup, bool]:
    if call.body.get("group_id"):
        group = call.world.tag_groups.get(text(call.body, "group_id"))
        if group is None:
            raise Refusal(40068, "invalid group_id")
        return group, False
    name = text(call.body, "group_name", 41018)
    at_most_chars(name, NAME_CHARS, "group_name", 40072)
    for group in call.world.tag_groups.values():
        if group.group_name == name:
            return group, False
    order = maybe_int(call.body, "order", 0, 0, MAX_ORDER)
    return TagGroup(call.world.new_id("et", 14), name, int(call.now), order, call.app.agentid), True


def edit_corp_tag(call: Call) -> Answer:
    """Rename or reorder a tag or a group that this app made; a name already there is 40071."""
    tag_id = text(call.body, "id", 41017)
    name = text(call.body, "name") if call.body.get("name") else None
    if name is not None:
        at_most_chars(name, NAME_CHARS, "name", 40072)
    order = maybe_int(call.body, "order", 0, 0, MAX_ORDER)
    group, tag = _find(call, tag_id)
    _check_own(call, group)
    others = [t.name for t in group.tags.values() if t.id != tag_id] if tag else [
        g.group_name for g in call.world.tag_groups.values() if g is not group
    ]  # fmt: skip
    if name in others:
        raise Refusal(40071, "name exists")
    if tag is not None:
        tag.name = name or tag.name
    else:
        group.group_name = name or group.group_name
    if "order" in call.body:
        (tag or group).order = order
    _tell(call, "edit", tag_id)
    return {}


def _find(call: Call, tag_id: str) -> tuple[TagGroup, Tag | None]:
    for group in call.world.tag_groups.values():
        if group.group_id == tag_id:
            return group, None
        if tag_id in group.tags:
            return group, group.tags[tag_id]
    raise Refusal(40068, "invalid tag id")


def _check_own(call: Call, group: TagGroup) -> None:
    if group.agentid != call.app.agentid:
        raise Refusal(81011, "no permission to operate this tag")


def del_corp_tag(call: Call) -> Answer:
    """An emptied group goes too, and so do the marks."""
    tag_ids, group_ids = strings(call.body, "tag_id", 1000), strings(call.body, "group_id", 1000)
    if not tag_ids and not group_ids:
        raise Refusal(MISSING, "tag_id and group_id both empty")
    doomed = [_find(call, i) for i in tag_ids + group_ids]
    for group, tag in doomed:
        _check_own(call, group)
        for tag_id in [tag.id] if tag else list(group.tags):
            group.tags.pop(tag_id, None)
            _unmark_everywhere(call, tag_id)
        if not group.tags:
            call.world.tag_groups.pop(group.group_id, None)
    _tell(call, "delete", ",".join(tag_ids + group_ids))
    return {}


def _unmark_everywhere(call: Call, tag_id: str) -> None:
    for follows in call.world.follows.values():
        for follow in follows.values():
            follow.tag_ids.discard(tag_id)


def mark_tag(call: Call) -> Answer:
    """92118: add and remove marks; the customer must be this member's."""
    follow = follow_of(call)
    add, remove = strings(call.body, "add_tag", MAX_MARKS), strings(call.body, "remove_tag", MAX_MARKS)
    if not add and not remove:
        raise Refusal(MISSING, "add_tag and remove_tag both empty")
    known = {tag_id for group in call.world.tag_groups.values() for tag_id in group.tags}
    if unknown := [tag_id for tag_id in add + remove if tag_id not in known]:
        raise Refusal(40068, f"invalid tagid {unknown[0]}")
    marked = (follow.tag_ids | set(add)) - set(remove)
    if len(marked) > MAX_MARKS:
        raise Refusal(BAD, "too many tags on one customer")
    call.effect = marked != follow.tag_ids
    follow.tag_ids = marked
    call.world.journal.note(
        "tag",
        {"external_userid": follow.external_userid, "userid": follow.userid, "tag_id": sorted(marked)},
    )
    return {}


def _tell(call: Call, change: str, tag_id: str) -> None:
    """The page hears of it; the apps do not, since the change was made by API (96361)."""
    call.world.journal.note("tag", {"change": change, "id": tag_id})


ROUTES = {
    "externalcontact/get_corp_tag_list": Route("POST", get_corp_tag_list, right="externalcontact"),
    "externalcontact/add_corp_tag": Route("POST", add_corp_tag, changes=True, right="externalcontact"),
    "externalcontact/edit_corp_tag": Route("POST", edit_corp_tag, changes=True, right="externalcontact"),
    "externalcontact/del_corp_tag": Route("POST", del_corp_tag, changes=True, right="externalcontact"),
    "externalcontact/mark_tag": Route("POST", mark_tag, changes=True, right="externalcontact"),
}

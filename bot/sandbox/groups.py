"""客户群: members come and go, the event tells at once, groupchat/get shows it about two seconds later (92130, 92122).

Everything here runs under the world's lock.
"""

import hashlib
from typing import Any

from bot.sandbox.envelope import XmlValue
from bot.sandbox.model import GroupChat, JoinWay, Member, Message
from bot.sandbox.state import World

INVITED, SCANNED = 0, 3  # JoinScene of the event (92130)
LEFT, REMOVED = 0, 1  # QuitScene
DETAIL_SCENES = {INVITED: 1, SCANNED: 3}  # join_scene in groupchat/get (92122)
MAX_MEMBERS = 500


def group_of(world: World, chat_id: str) -> GroupChat:
    group = world.groups.get(chat_id)
    if group is None:
        raise ValueError(f"chat_id: no such group {chat_id!r}")
    return group


def member_version(group: GroupChat) -> str:
    return hashlib.md5(f"{group.chat_id}:{group.version}".encode()).hexdigest()  # noqa: S324 an opaque label


def create(world: World, owner: str, name: str) -> GroupChat:
    """A staff member opens a customer group: change_external_chat create."""
    if owner not in world.staff:
        raise ValueError(f"owner: no such staff {owner!r}")
    now = int(world.now())
    group = GroupChat(world.new_id("wr", 14), name, owner, now, world.chat(), {owner: Member(owner, "staff", now)})
    world.groups[group.chat_id] = group
    world.tell_contact("change_external_chat", {"ChatId": group.chat_id, "ChangeType": "create"})
    world.journal.note("contact", {"chat_id": group.chat_id, "change": "create", "member": owner})
    return group


def dismiss(world: World, group: GroupChat) -> None:
    """The owner closes the group: change_external_chat dismiss."""
    del world.groups[group.chat_id]
    world.tell_contact("change_external_chat", {"ChatId": group.chat_id, "ChangeType": "dismiss"})
    world.journal.note("contact", {"chat_id": group.chat_id, "change": "dismiss", "member": group.owner})


def join_by_way(world: World, external_userid: str, way: JoinWay) -> dict[str, Any]:
    """Scanning a group live code: into the first of its groups that has room; already inside: nothing."""
    groups = [world.groups[i] for i in way.fields.get("chat_id_list", []) if i in world.groups]
    for group in groups:
        if external_userid in group.members:
            return {"chat_id": group.chat_id, "added": False}
    for group in groups:
        if len(group.members) < MAX_MEMBERS:
            join(world, group, external_userid, SCANNED, str(way.fields.get("state") or ""))
            return {"chat_id": group.chat_id, "added": True}
    raise ValueError("config_id: every group of this code is full")


def join(world: World, group: GroupChat, external_userid: str, join_scene: int = INVITED, state: str = "") -> None:
    """Add a customer: change_external_chat update add_member."""
    if external_userid in group.members:
        raise ValueError("external_userid: already in this group")
    now = int(world.now())
    scene = DETAIL_SCENES.get(join_scene, 1)
    last = _begin_change(world, group)
    group.members[external_userid] = Member(external_userid, "customer", now, scene, group.owner, state)
    _tell(world, group, "add_member", {"JoinScene": join_scene}, external_userid, last)


def leave(world: World, group: GroupChat, member: str, quit_scene: int = LEFT) -> None:
    """Remove a member: change_external_chat update del_member."""
    if member not in group.members:
        raise ValueError("external_userid: not in this group")
    last = _begin_change(world, group)
    del group.members[member]
    _tell(world, group, "del_member", {"QuitScene": quit_scene}, member, last)


def write(world: World, group: GroupChat, member: str, text: str) -> Message:
    """A message in the group; no API and no callback sees it."""
    if member not in group.members:
        raise ValueError(f"member: {member!r} is not in this group")
    return world.say_group(group, Message(group.members[member].kind, text, world.now(), sender=member))


def detail(group: GroupChat) -> dict[str, Any]:
    """group_chat as groupchat/get shows it, names included."""
    return {
        "chat_id": group.chat_id, "name": group.name, "owner": group.owner, "create_time": group.create_time,
        "notice": group.notice, "member_list": [_member_view(m) for m in group.members.values()],
        "admin_list": [], "member_version": member_version(group),
    }  # fmt: skip


def shown_detail(world: World, group: GroupChat) -> dict[str, Any]:
    """The detail as of about two seconds ago."""
    now = world.now()
    while group.shown and group.shown[0][0] <= now:
        group.shown.pop(0)
    return group.shown[0][1] if group.shown else detail(group)


def _begin_change(world: World, group: GroupChat) -> str:
    """Keep the present detail visible for the lag, raise the version; returns the version before."""
    group.shown.append((world.now() + world.rules.detail_lag_s, detail(group)))
    del group.shown[:-100]
    last = member_version(group)
    group.version += 1
    return last


def _member_view(member: Member) -> dict[str, Any]:
    view: dict[str, Any] = {
        "userid": member.id, "type": 1 if member.kind == "staff" else 2, "join_time": member.join_time,
        "join_scene": member.join_scene, "group_nickname": "",
    }  # fmt: skip
    if member.invitor and member.join_scene != SCANNED:
        view["invitor"] = {"userid": member.invitor}
    return view | ({"state": member.state} if member.state else {})


def _tell(world: World, group: GroupChat, what: str, scene: dict[str, XmlValue], member: str, last: str) -> None:
    fields: dict[str, XmlValue] = {"ChatId": group.chat_id, "ChangeType": "update", "UpdateDetail": what}
    versions: dict[str, XmlValue] = {"LastMemVer": last, "CurMemVer": member_version(group)}
    world.tell_contact(
        "change_external_chat", fields | scene | {"MemChangeCnt": 1, "MemChangeList": [member]} | versions
    )
    world.journal.note("contact", {"chat_id": group.chat_id, "change": what, "member": member})

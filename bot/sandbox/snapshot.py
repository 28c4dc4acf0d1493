"""The whole world as JSON, for the page and for tests."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from bot.sandbox import contact
from bot.sandbox.model import ContactWay, Customer, GroupChat, KfSession, MassTask, Message
from bot.sandbox.state import World

View = dict[str, Any]


def view(world: World, last: int | None = None) -> View:
    """Everything `GET /control/world` shows. `last` keeps only so many messages of each chat."""
    with world.lock:
        return _people(world) | _chats(world, last) | _codes(world) | {
            "now": world.now(),
            "clock_offset_s": world.clock.offset_s,
            "seq": world.journal.last_seq,
            "slots": world.slots,
            "faults": world.faults.view(),
            "rules": world.rules.view(),
        }  # fmt: skip


def _people(world: World) -> View:
    apps = [{"agentid": a.agentid, "name": a.name, "callback_url": a.callback_url} for a in world.apps.values()]
    accounts = []
    for account in world.kf_accounts.values():
        servicers = [{"userid": u, "status": status} for u, status in account.servicers.items()]
        accounts.append({"open_kfid": account.open_kfid, "name": account.name, "servicers": servicers})
    return {
        "corpid": world.corpid,
        "apps": apps,
        "aibots": [{"aibotid": b.aibotid, "name": b.name} for b in world.aibots.values()],
        "staff": [{"userid": s.userid, "name": s.name} for s in world.staff.values()],
        "customers": [customer_view(world, c) for c in world.customers.values()],
        "kf_accounts": accounts,
    }


def customer_view(world: World, customer: Customer) -> View:
    follows = contact.friends_of(world, customer.external_userid)
    return {"external_userid": customer.external_userid, "nickname": customer.nickname, "follows": follows}


def _chats(world: World, last: int | None) -> View:
    def chat(messages: deque[Message]) -> list[View]:
        shown: Iterable[Message] = messages if last is None else list(messages)[-last:] if last else []
        return [message.view() for message in shown]

    return {
        "kf_sessions": [session_view(s) | {"messages": chat(s.messages)} for s in world.kf_sessions.values()],
        "private_chats": [
            {"userid": userid, "external_userid": who, "messages": chat(messages)}
            for (userid, who), messages in world.private_chats.items()
        ],
        "app_chats": [
            {"userid": userid, "agentid": agentid, "messages": chat(messages)}
            for (userid, agentid), messages in world.app_chats.items()
        ],
        "aibot_chats": [
            {"userid": userid, "aibotid": aibotid, "messages": chat(messages)}
            for (userid, aibotid), messages in world.aibot_chats.items()
        ],
        "groups": [group_view(g) | {"messages": chat(g.messages)} for g in world.groups.values()],
        "internal_chats": [
            {"chatid": c.chatid, "name": c.name, "members": c.members, "messages": chat(c.messages)}
            for c in world.internal_chats.values()
        ],
        "robots": [{"key": r.key, "name": r.name, "messages": chat(r.messages)} for r in world.robots.values()],
    }


def session_view(session: KfSession) -> View:
    return {
        "open_kfid": session.open_kfid, "external_userid": session.external_userid,
        "service_state": session.state, "servicer_userid": session.servicer_userid,
    }  # fmt: skip


def group_view(group: GroupChat) -> View:
    members = [{"id": m.id, "kind": m.kind} for m in group.members.values()]
    return {"chat_id": group.chat_id, "name": group.name, "owner": group.owner, "members": members}


def _codes(world: World) -> View:
    return {
        "contact_ways": [way_view(way) for way in world.contact_ways.values()],
        "join_ways": [{"config_id": w.config_id, "name": w.fields.get("remark", "")} | w.fields
                      for w in world.join_ways.values()],
        "mass_tasks": [task_view(task) for task in world.mass_tasks.values()],
        "tags": tags_view(world),
    }  # fmt: skip


def way_view(way: ContactWay) -> View:
    return {"config_id": way.config_id, "name": way.fields.get("remark", "")} | way.fields


def task_view(task: MassTask) -> View:
    """One mass task; each share is one staff member's part of it."""
    shares: list[View] = [
        {"userid": s.userid, "status": s.status, "targets": [{"id": t.id, "status": t.status} for t in s.targets]}
        for s in task.shares.values()
    ]
    sole = shares[0] if len(shares) == 1 else None
    return {
        "msgid": task.msgid,
        "sender": sole["userid"] if sole else "",
        "chat_type": task.chat_type,
        "text": task.text,
        "attachments": task.attachments,
        "targets": [target["id"] for share in shares for target in share["targets"]],
        "status": "cancelled" if task.cancelled else sole["status"] if sole else "waiting",
        "shares": shares,
        "create_time": task.create_time,
    }


def tags_view(world: World) -> View:
    """The corp's tags, and which customer has which by which staff member."""
    groups = [
        {"group_id": g.group_id, "group_name": g.group_name,
         "tag": [{"id": t.id, "name": t.name} for t in g.tags.values()]}
        for g in world.tag_groups.values()
    ]  # fmt: skip
    marked = [
        {"external_userid": external_userid, "userid": userid, "tag_id": sorted(follow.tag_ids)}
        for external_userid, follows in world.follows.items()
        for userid, follow in follows.items()
        if follow.tag_ids
    ]
    return {"groups": groups, "marked": marked}

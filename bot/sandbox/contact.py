"""Friendships between customers and staff, and the events and welcome codes they bring (92130, 92137).

Everything here runs under the world's lock.
"""

from typing import Any

from bot.sandbox.envelope import XmlValue
from bot.sandbox.model import ContactWay, Follow, WelcomeCode
from bot.sandbox.state import World

WELCOME_LIFE_S = 20  # 92137
ADD_WAY_QR = 1


def befriend_by_way(world: World, external_userid: str, way: ContactWay) -> dict[str, Any]:
    """Scanning a 联系我 code: the next of its members becomes a friend; an old friend only opens the chat."""
    users = [userid for userid in way.fields.get("user", []) if userid in world.staff]
    if not users:
        raise ValueError("config_id: this code has no member left")
    known = [u for u in users if _is_friend(world.follow(u, external_userid))]
    if known:
        return {"userid": known[0], "added": False}
    userid = users[way.turn % len(users)]
    way.turn += 1
    code = befriend(world, userid, external_userid, str(way.fields.get("state") or ""))
    return {"userid": userid, "added": True, "welcome_code": code}


def befriend(world: World, userid: str, external_userid: str, state: str, add_way: int = ADD_WAY_QR) -> str | None:
    """add_external_contact with State and a WelcomeCode for 20 s (92130). Returns the code."""
    now = world.now()
    follow = Follow(userid, external_userid, int(now), state, add_way)
    world.follows_of(external_userid)[userid] = follow
    fields: dict[str, XmlValue] = {
        "ChangeType": "add_external_contact", "UserID": userid, "ExternalUserID": external_userid,
    }  # fmt: skip
    if state:
        fields["State"] = state
    code = None if world.rules.native_welcome else world.new_id("WEL", 16)
    if code:
        _forget_old_codes(world, now)
        world.welcome_codes[code] = WelcomeCode(code, userid, external_userid, now + WELCOME_LIFE_S)
        fields["WelcomeCode"] = code
    world.tell_contact("change_external_contact", fields)
    tell_page(world, external_userid)
    return code


def deleted_by_customer(world: World, external_userid: str, userid: str) -> None:
    """The customer deletes the member: del_follow_user; a one-way relation stays and APIs still work (84061)."""
    follow = world.follow(userid, external_userid)
    if follow is None or follow.deleted_by_customer:
        raise ValueError("userid: not a friend of this customer")
    follow.deleted_by_customer = True
    _tell(world, "del_follow_user", userid, external_userid)


def deleted_by_staff(world: World, userid: str, external_userid: str) -> None:
    """The member deletes the customer: del_external_contact; the relation is gone."""
    if world.follow(userid, external_userid) is None:
        raise ValueError("external_userid: not a friend of this staff member")
    del world.follows[external_userid][userid]
    _tell(world, "del_external_contact", userid, external_userid)


def edit_tags(world: World, userid: str, external_userid: str, add: list[str], remove: list[str]) -> None:
    """The member marks or unmarks the customer by hand: edit_external_contact, unlike the same edit by API (96361)."""
    follow = world.follow(userid, external_userid)
    if follow is None:
        raise ValueError("external_userid: not a friend of this staff member")
    known = {tag_id for group in world.tag_groups.values() for tag_id in group.tags}
    if unknown := [tag_id for tag_id in add + remove if tag_id not in known]:
        raise ValueError(f"add_tag or remove_tag: no such tag {unknown[0]!r}")
    follow.tag_ids = (follow.tag_ids | set(add)) - set(remove)
    _tell(world, "edit_external_contact", userid, external_userid)
    marked = {"external_userid": external_userid, "userid": userid, "tag_id": sorted(follow.tag_ids)}
    world.journal.note("tag", marked)


def tell_page(world: World, external_userid: str) -> None:
    customer = world.customers[external_userid]
    world.journal.note(
        "contact",
        {
            "external_userid": external_userid,
            "nickname": customer.nickname,
            "follows": friends_of(world, external_userid),
        },
    )


def friends_of(world: World, external_userid: str) -> list[str]:
    """Staff whom the customer still has as a friend."""
    return [u for u, follow in world.follows.get(external_userid, {}).items() if not follow.deleted_by_customer]


def _tell(world: World, change_type: str, userid: str, external_userid: str) -> None:
    fields: dict[str, XmlValue] = {"ChangeType": change_type, "UserID": userid, "ExternalUserID": external_userid}
    world.tell_contact("change_external_contact", fields)
    tell_page(world, external_userid)


def _is_friend(follow: Follow | None) -> bool:
    return follow is not None and not follow.deleted_by_customer


def _forget_old_codes(world: World, now: float) -> None:
    if len(world.welcome_codes) > 10_000:
        world.welcome_codes = {c.code: c for c in world.welcome_codes.values() if now < c.expires_at}

"""Building a world from its YAML file, and a small one for tests."""

from pathlib import Path
from typing import Any

import yaml

from bot.sandbox.clock import Clock
from bot.sandbox.model import (
    Aibot,
    App,
    ContactWay,
    Customer,
    Follow,
    GroupChat,
    InternalChat,
    JoinWay,
    KfAccount,
    Member,
    Robot,
    Staff,
)
from bot.sandbox.rules import Rules
from bot.sandbox.state import World

__all__ = ["World", "build_world", "read_world", "sample_spec", "sample_world"]

KEYS = frozenset({
    "corpid", "apps", "aibots", "staff", "kf_accounts", "customers", "groups", "internal_chats", "robots",
    "contact_ways", "join_ways", "slots", "wanzi_url", "wanzi_api_token", "rules",
})  # fmt: skip

SAMPLE = Path(__file__).with_name("sample_world.yaml")


def read_world(path: str | Path | None, clock: Clock | None = None) -> World:
    """The world of a YAML file, or the sample world. Raises ValueError naming what is wrong in the file."""
    if path is None:
        return sample_world(clock)
    return build_world(yaml.safe_load(Path(path).read_text(encoding="utf-8")), clock)


def build_world(spec: dict[str, Any], clock: Clock | None = None) -> World:
    """The world a (YAML) mapping describes. Raises ValueError naming an unknown or unfit key."""
    if unknown := set(spec) - KEYS:
        raise ValueError(f"world file: unknown key {sorted(unknown)[0]} (known: {', '.join(sorted(KEYS))})")
    rules = Rules()
    rules.change(spec.get("rules") or {})
    world = World(spec["corpid"], clock, rules)
    try:
        _add_platform(world, spec)
        _add_people(world, spec)
        _add_chats(world, spec)
        _add_ways(world, spec)
    except (KeyError, TypeError) as error:
        raise ValueError(f"world file: {error}") from error
    world.slots = [str(slot) for slot in spec.get("slots") or []]
    world.wanzi_url = spec.get("wanzi_url") or ""
    world.wanzi_api_token = spec.get("wanzi_api_token") or ""
    return world


def _add_platform(world: World, spec: dict[str, Any]) -> None:
    for app in spec.get("apps") or []:
        grants = {"grants": frozenset(app["grants"])} if "grants" in app else {}
        made = App(**{**app, "agentid": int(app["agentid"]), **grants})
        world.apps[made.agentid] = made
    for bot in spec.get("aibots") or []:
        world.aibots[bot["aibotid"]] = Aibot(**bot)


def _add_people(world: World, spec: dict[str, Any]) -> None:
    now = int(world.now())
    for staff in spec.get("staff") or []:
        world.staff[staff["userid"]] = Staff(**staff)
    for account in spec.get("kf_accounts") or []:
        servicers = {s["userid"]: int(s.get("status", 0)) for s in account.get("servicers") or []}
        world.kf_accounts[account["open_kfid"]] = KfAccount(account["open_kfid"], account["name"], servicers)
    for customer in spec.get("customers") or []:
        made = Customer(customer["external_userid"], customer["nickname"], customer.get("gender", 0))
        world.customers[made.external_userid] = made
        for userid in customer.get("follows") or []:
            follow = Follow(userid, made.external_userid, now, chatted=True, last_chat_at=now)
            world.follows_of(made.external_userid)[userid] = follow


def _add_chats(world: World, spec: dict[str, Any]) -> None:
    now = int(world.now())
    for group in spec.get("groups") or []:
        made = GroupChat(group["chat_id"], group["name"], group["owner"], now, world.chat())
        made.members = {m["id"]: Member(m["id"], m["kind"], now) for m in group.get("members") or []}
        made.members.setdefault(made.owner, Member(made.owner, "staff", now))
        world.groups[made.chat_id] = made
    first_app = next(iter(world.apps), 0)
    for chat in spec.get("internal_chats") or []:
        world.internal_chats[chat["chatid"]] = InternalChat(
            chat["chatid"], chat["name"], list(chat.get("members") or []), world.chat(),
            owner=chat.get("owner", ""), agentid=int(chat.get("agentid", first_app)),
        )  # fmt: skip
    for robot in spec.get("robots") or []:
        world.robots[robot["key"]] = Robot(robot["key"], robot["name"], world.chat())


def _add_ways(world: World, spec: dict[str, Any]) -> None:
    now = int(world.now())
    for way in spec.get("contact_ways") or []:
        users = list(way["user"])
        shown = {"type": 1 if len(users) == 1 else 2, "scene": 2, "skip_verify": True, "user": users, "party": []}
        shown |= {"state": way.get("state", ""), "remark": way.get("name", "")}
        world.contact_ways[way["config_id"]] = ContactWay(way["config_id"], shown, now)
    for way in spec.get("join_ways") or []:
        shown = {"scene": 2, "auto_create_room": 1, "chat_id_list": list(way["chat_id_list"])}
        shown |= {"state": way.get("state", ""), "remark": way.get("name", "")}
        world.join_ways[way["config_id"]] = JoinWay(way["config_id"], shown)


def sample_world(clock: Clock | None = None, callback_url: str = "", aibot_url: str = "", **changes: Any) -> World:
    """A small brand: one app, one AI bot, three staff, one kf account, two customers, a group of each kind.

    `changes` replaces whole keys of the world mapping.
    """
    return build_world(sample_spec(callback_url, aibot_url) | changes, clock)


def sample_spec(callback_url: str = "", aibot_url: str = "") -> dict[str, Any]:
    """The mapping behind `sample_world`, to be changed before `build_world`."""
    spec: dict[str, Any] = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    spec["apps"][0]["callback_url"] = callback_url
    spec["aibots"][0]["callback_url"] = aibot_url
    return spec

"""Live codes: 联系我 contact ways (92572) and group join ways (92229)."""

from typing import Any

from bot.sandbox import snapshot
from bot.sandbox.call import (
    BAD,
    MISSING,
    Answer,
    Call,
    Route,
    at_most_bytes,
    at_most_chars,
    maybe_int,
    maybe_text,
    page,
    part,
    strings,
    text,
)
from bot.sandbox.model import ContactWay, JoinWay
from bot.sandbox.refusal import Refusal

SINGLE, MULTI = 1, 2
MINI_PROGRAM, QR = 1, 2
REMARK_CHARS, STATE_CHARS, ROOM_NAME_CHARS = 30, 30, 40
MAX_MEMBERS = 100
MAX_WAYS = 500_000  # contact ways and join ways together
MAX_GROUPS = 5
LIST_DAYS = 90
DAY_S = 24 * 3600
MAX_EXPIRES_S = 14 * DAY_S
CONCLUSION_BYTES = 4000


def add_contact_way(call: Call) -> Answer:
    """92572: qr_code comes back for scene 2 only; losing config_id loses the code."""
    type_, scene = _choice(call, "type", 41037, 41039), _choice(call, "scene", 41038, 41040)
    fields: dict[str, Any] = {"type": type_, "scene": scene}
    if scene == MINI_PROGRAM:
        if call.body.get("style", 1) not in (1, 2, 3):
            raise Refusal(41042, "invalid style")
        fields["style"] = call.body.get("style", 1)
    fields |= _changeable(call, type_) | _temporary(call, type_)
    fields.setdefault("skip_verify", True)
    _check_quota(call)
    config_id = call.world.new_id("", 16)
    if scene == QR:
        fields["qr_code"] = _picture(config_id)
    way = ContactWay(config_id, fields, int(call.now), call.app.agentid)
    call.world.contact_ways[config_id] = way
    call.world.journal.note("contact", {"contact_way": snapshot.way_view(way)})
    return {"config_id": config_id} | ({"qr_code": fields["qr_code"]} if scene == QR else {})


def _choice(call: Call, name: str, missing: int, wrong: int) -> int:
    value = call.body.get(name)
    if value is None:
        raise Refusal(missing, f"missing contact way {name}")
    if isinstance(value, bool) or value not in (1, 2):
        raise Refusal(wrong, f"invalid contact way {name}")
    return int(value)


def _changeable(call: Call, type_: int) -> dict[str, Any]:
    """The fields add and update share: those present in the body, checked."""
    fields: dict[str, Any] = {}
    for name, most in (("remark", REMARK_CHARS), ("state", STATE_CHARS)):
        if name in call.body:
            fields[name] = maybe_text(call.body, name)
            at_most_chars(fields[name], most, name)
    for name in ("skip_verify", "is_exclusive", "mark_source"):
        if name in call.body:
            if not isinstance(call.body[name], bool):
                raise Refusal(BAD, f"{name} must be true or false")
            fields[name] = call.body[name]
    if "user" in call.body or "party" in call.body or "config_id" not in call.body:
        fields |= _members(call, type_)
    return fields


def _members(call: Call, type_: int) -> dict[str, Any]:
    users, parties = strings(call.body, "user", MAX_MEMBERS, 41041), call.body.get("party") or []
    if type_ == SINGLE and (len(users) != 1 or parties):
        raise Refusal(MISSING if not users else BAD, "a single contact way takes exactly one user")
    if not users and not parties:
        raise Refusal(MISSING, "missing user")
    if unknown := [userid for userid in users if userid not in call.world.staff]:
        raise Refusal(40003, f"invalid userid {unknown[0]}")
    return {"user": users, "party": parties}


def _temporary(call: Call, type_: int) -> dict[str, Any]:
    if not call.body.get("is_temp"):
        if call.body.get("conclusions"):
            raise Refusal(BAD, "conclusions only for a temporary session")
        return {}
    if type_ != SINGLE:
        raise Refusal(BAD, "is_temp only for type 1")
    fields: dict[str, Any] = {"is_temp": True}
    fields["expires_in"] = maybe_int(call.body, "expires_in", 7 * DAY_S, 1, MAX_EXPIRES_S)
    fields["chat_expires_in"] = maybe_int(call.body, "chat_expires_in", DAY_S, 1, MAX_EXPIRES_S)
    conclusions = call.body.get("conclusions") or {}
    if conclusions.get("text"):
        at_most_bytes(maybe_text(part(conclusions, "text"), "content"), CONCLUSION_BYTES, "conclusions.text")
    return fields | {"conclusions": conclusions}


def _check_quota(call: Call) -> None:
    if len(call.world.contact_ways) + len(call.world.join_ways) >= MAX_WAYS:
        raise Refusal(41045, "contact way count over limit")


def _picture(config_id: str) -> str:
    return f"https://p.qpic.cn/wwhead/{config_id}/0"


def _contact_way(call: Call) -> ContactWay:
    way = call.world.contact_ways.get(text(call.body, "config_id", 41043))
    if way is None:
        raise Refusal(41044, "invalid config_id")
    return way


def get_contact_way(call: Call) -> Answer:
    way = _contact_way(call)
    return {"contact_way": {"config_id": way.config_id} | way.fields}


def list_contact_way(call: Call) -> Answer:
    """The config_ids made within start_time..end_time, by default the last 90 days."""
    start = maybe_int(call.body, "start_time", int(call.now) - LIST_DAYS * DAY_S, 0, 2**40)
    end = maybe_int(call.body, "end_time", int(call.now), 0, 2**40)
    ways = [w for w in call.world.contact_ways.values() if start <= w.create_time <= end]
    shown, next_cursor = page(ways, call.body, 100, 1000)
    return {"contact_way": [{"config_id": w.config_id} for w in shown], "next_cursor": next_cursor}


def update_contact_way(call: Call) -> Answer:
    """Type and scene stay; user and party overwrite."""
    way = _contact_way(call)
    way.fields |= _changeable(call, way.fields["type"])
    call.world.journal.note("contact", {"contact_way": snapshot.way_view(way)})
    return {}


def del_contact_way(call: Call) -> Answer:
    way = _contact_way(call)
    del call.world.contact_ways[way.config_id]
    call.world.journal.note("contact", {"contact_way_deleted": way.config_id})
    return {}


def add_join_way(call: Call) -> Answer:
    """92229: only config_id comes back; the picture is in get_join_way."""
    fields = _join_fields(call)
    _check_quota(call)
    config_id = call.world.new_id("", 16)
    call.world.join_ways[config_id] = JoinWay(config_id, fields | {"qr_code": _picture(config_id)}, call.app.agentid)
    call.world.journal.note("contact", {"join_way": {"config_id": config_id} | fields})
    return {"config_id": config_id}


def _join_fields(call: Call) -> dict[str, Any]:
    """Everything a join way holds; an update overwrites all of it."""
    scene = _choice(call, "scene", 41038, 41040)
    chat_ids = strings(call.body, "chat_id_list", MAX_GROUPS, 41091)
    if not chat_ids:
        raise Refusal(MISSING, "missing chat_id_list")
    if unknown := [chat_id for chat_id in chat_ids if chat_id not in call.world.groups]:
        raise Refusal(40050, f"chat_id not found {unknown[0]}")
    state, room = maybe_text(call.body, "state"), maybe_text(call.body, "room_base_name")
    at_most_chars(state, STATE_CHARS, "state")
    at_most_chars(room, ROOM_NAME_CHARS, "room_base_name")
    return {
        "scene": scene,
        "remark": maybe_text(call.body, "remark")[:REMARK_CHARS],
        "auto_create_room": maybe_int(call.body, "auto_create_room", 1, 0, 1),
        "room_base_name": room,
        "room_base_id": maybe_int(call.body, "room_base_id", 0, 0, 2**31),
        "chat_id_list": chat_ids,
        "state": state,
    }


def _join_way(call: Call) -> JoinWay:
    """Only the own app's configs are visible; those of the world file belong to everybody."""
    way = call.world.join_ways.get(text(call.body, "config_id", 41043))
    if way is None or way.agentid not in (0, call.app.agentid):
        raise Refusal(41044, "invalid config_id")
    return way


def get_join_way(call: Call) -> Answer:
    way = _join_way(call)
    return {"join_way": {"config_id": way.config_id, "qr_code": _picture(way.config_id)} | way.fields}


def update_join_way(call: Call) -> Answer:
    way = _join_way(call)
    way.fields = _join_fields(call) | {"qr_code": _picture(way.config_id)}
    call.world.journal.note("contact", {"join_way": {"config_id": way.config_id} | way.fields})
    return {}


def del_join_way(call: Call) -> Answer:
    way = _join_way(call)
    del call.world.join_ways[way.config_id]
    call.world.journal.note("contact", {"join_way_deleted": way.config_id})
    return {}


_RIGHT = "externalcontact"
ROUTES = {
    "externalcontact/add_contact_way": Route("POST", add_contact_way, changes=True, right=_RIGHT),
    "externalcontact/get_contact_way": Route("POST", get_contact_way, right=_RIGHT),
    "externalcontact/list_contact_way": Route("POST", list_contact_way, right=_RIGHT),
    "externalcontact/update_contact_way": Route("POST", update_contact_way, changes=True, right=_RIGHT),
    "externalcontact/del_contact_way": Route("POST", del_contact_way, changes=True, right=_RIGHT),
    "externalcontact/groupchat/add_join_way": Route("POST", add_join_way, changes=True, right=_RIGHT),
    "externalcontact/groupchat/get_join_way": Route("POST", get_join_way, right=_RIGHT),
    "externalcontact/groupchat/update_join_way": Route("POST", update_join_way, changes=True, right=_RIGHT),
    "externalcontact/groupchat/del_join_way": Route("POST", del_join_way, changes=True, right=_RIGHT),
}

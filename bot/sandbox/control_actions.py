"""The control API's verbs: what customers, staff and servicers do, one short function each."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from bot.sandbox import contact, customer, groups, mass, staff
from bot.sandbox.control import body, refuse, the_world

OAUTH_CODE_LIFE_S = 300  # 91023

actions = Blueprint("actions", __name__, url_prefix="/control")
actions.register_error_handler(ValueError, refuse)

Fields = dict[str, Any]


def _text(given: Fields, name: str) -> str:
    """A required, non-empty string. Raises ValueError naming it, also for text that is no valid Unicode."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: required, a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name}: lone surrogates are no text") from error
    return value


def _maybe(given: Fields, name: str, default: str = "") -> str:
    return _text(given, name) if given.get(name) else default


def _int(given: Fields, name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name}: must be a number")
    return value


def _content(given: Fields) -> Fields | None:
    value = given.get("content")
    if value is not None and not isinstance(value, dict):
        raise ValueError("content: must be an object")
    return value


def _done(**answer: Any) -> ResponseReturnValue:
    return jsonify({"ok": True} | answer)


@actions.post("/customer/add")
def add_customer() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        return _done(external_userid=customer.add(world, _text(given, "nickname")).external_userid)


@actions.post("/customer/enter")
@actions.post("/customer/scan_kf")
def enter() -> ResponseReturnValue:
    """Open the kf account, by its link or by scanning its code."""
    world, given = the_world(), body()
    scene, scene_param = _maybe(given, "scene"), _maybe(given, "scene_param")
    with world.lock:
        code = customer.enter(world, _text(given, "external_userid"), _text(given, "open_kfid"), scene, scene_param)
    return _done(welcome_code=code)


@actions.post("/customer/write")
def write() -> ResponseReturnValue:
    return _done(msgid=_write(body()))


@actions.post("/customer/write_many")
def write_many() -> ResponseReturnValue:
    messages = body().get("messages")
    if not isinstance(messages, list):
        raise ValueError("messages: required, a list")
    return _done(msgids=[_write(given) for given in messages])


def _write(given: Fields) -> str:
    world = the_world()
    with world.lock:
        return customer.write(
            world, _text(given, "external_userid"), _text(given, "open_kfid"), _maybe(given, "msgtype", "text"),
            _maybe(given, "text"), _maybe(given, "menu_id"), _content(given),
        )  # fmt: skip


@actions.post("/customer/recall")
def recall() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        customer.recall(world, _text(given, "external_userid"), _text(given, "open_kfid"), _text(given, "msgid"))
    return _done()


@actions.post("/customer/scan")
def scan() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        return _done(**customer.scan(world, _text(given, "external_userid"), _text(given, "config_id")))


@actions.post("/customer/private")
def private_from_customer() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        message = customer.write_private(
            world, _text(given, "external_userid"), _text(given, "userid"), _text(given, "text")
        )
    return _done(id=message.id)


@actions.post("/customer/delete_staff")
def delete_staff() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        contact.deleted_by_customer(world, _text(given, "external_userid"), _text(given, "userid"))
    return _done()


@actions.post("/staff/delete_customer")
def delete_customer() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        contact.deleted_by_staff(world, _text(given, "userid"), _text(given, "external_userid"))
    return _done()


@actions.post("/staff/private")
def private_from_staff() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        message = staff.write_private(
            world, _text(given, "userid"), _text(given, "external_userid"), _text(given, "text")
        )
    return _done(id=message.id)


@actions.post("/group/write")
def write_group() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        group = groups.group_of(world, _text(given, "chat_id"))
        message = groups.write(world, group, _text(given, "member"), _text(given, "text"))
    return _done(id=message.id)


@actions.post("/group/join")
def join_group() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        group = groups.group_of(world, _text(given, "chat_id"))
        who = customer.customer_of(world, _text(given, "external_userid")).external_userid
        groups.join(world, group, who, _int(given, "join_scene") or groups.INVITED)
    return _done()


@actions.post("/group/leave")
def leave_group() -> ResponseReturnValue:
    """`quit_scene` 0 left, 1 removed."""
    world, given = the_world(), body()
    with world.lock:
        group = groups.group_of(world, _text(given, "chat_id"))
        groups.leave(world, group, _text(given, "external_userid"), _int(given, "quit_scene") or groups.LEFT)
    return _done()


@actions.post("/group/create")
def create_group() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        return _done(chat_id=groups.create(world, _text(given, "owner"), _text(given, "name")).chat_id)


@actions.post("/group/dismiss")
def dismiss_group() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        groups.dismiss(world, groups.group_of(world, _text(given, "chat_id")))
    return _done()


@actions.post("/staff/tags")
def edit_tags() -> ResponseReturnValue:
    """{add_tag[], remove_tag[]}: by hand, in the client."""
    world, given = the_world(), body()
    add, remove = (list(given.get(name) or []) for name in ("add_tag", "remove_tag"))
    with world.lock:
        contact.edit_tags(world, _text(given, "userid"), _text(given, "external_userid"), add, remove)
    return _done()


@actions.post("/staff/app")
def write_app() -> ResponseReturnValue:
    world, given = the_world(), body()
    msgtype = _maybe(given, "msgtype", "text")
    text = _text(given, "text") if msgtype == "text" else _maybe(given, "text")
    with world.lock:
        userid, agentid = _text(given, "userid"), _int(given, "agentid")
        return _done(msgid=staff.write_app(world, userid, agentid, msgtype, text, _content(given)))


@actions.post("/staff/app_event")
def app_event() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        userid, agentid, event_key = _text(given, "userid"), _int(given, "agentid"), given.get("event_key")
        staff.app_event(world, userid, agentid, _text(given, "event"), event_key)
    return _done()


@actions.post("/staff/servicer")
def set_servicer() -> ResponseReturnValue:
    world, given = the_world(), body()
    status = _int(given, "status")
    if status is None:
        raise ValueError("status: required")
    with world.lock:
        staff.set_servicer(world, _text(given, "userid"), _text(given, "open_kfid"), status)
    return _done()


@actions.post("/staff/take")
def take() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        staff.take(world, *_serving(given))
    return _done()


@actions.post("/staff/reply")
def reply() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        return _done(msgid=staff.reply(world, *_serving(given), _text(given, "text")))


@actions.post("/staff/transfer")
def transfer() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        staff.transfer(world, *_serving(given), _text(given, "to"))
    return _done()


@actions.post("/staff/end")
def end() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        staff.end(world, *_serving(given))
    return _done()


def _serving(given: Fields) -> tuple[str, str, str]:
    return _text(given, "userid"), _text(given, "open_kfid"), _text(given, "external_userid")


@actions.post("/staff/confirm")
def confirm() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        mass.confirm(world, _text(given, "userid"), _text(given, "msgid"))
    return _done()


@actions.post("/staff/ignore")
def ignore() -> ResponseReturnValue:
    world, given = the_world(), body()
    with world.lock:
        mass.ignore(world, _text(given, "userid"), _text(given, "msgid"))
    return _done()


@actions.post("/aibot/write")
def write_aibot() -> ResponseReturnValue:
    world, given = the_world(), body()
    aibotid, chatid = _maybe(given, "aibotid") or None, _maybe(given, "chatid") or None
    with world.lock:
        return _done(msgid=staff.write_aibot(world, _text(given, "userid"), aibotid, chatid, _text(given, "text")))


@actions.post("/oauth_code")
def oauth_code() -> ResponseReturnValue:
    """A log-in code as WeCom would hand it to the redirect: for {userid} or {external_userid}."""
    world, given = the_world(), body()
    with world.lock:
        if given.get("userid"):
            who = ("staff", staff.staff_of(world, _text(given, "userid")).userid)
        else:
            who = ("customer", customer.customer_of(world, _text(given, "external_userid")).external_userid)
        code = world.new_id("", 16)
        world.oauth_codes[code] = (*who, world.now() + OAUTH_CODE_LIFE_S, False)
    return _done(code=code)

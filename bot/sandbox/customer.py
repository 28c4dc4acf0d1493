"""What a customer does in WeChat: opens the kf account, writes, recalls, scans codes, adds and deletes staff.

Every function runs under the world's lock and raises ValueError naming the field that does not fit.
"""

from typing import Any

from bot.sandbox import contact, groups, kf
from bot.sandbox.media import PNG_PIXEL
from bot.sandbox.model import Customer, KfAccount, Message
from bot.sandbox.state import World

WELCOME_QUIET_S = 48 * 3600  # no second welcome, and none after the customer wrote, within 48 h (94670)
RECALL_S = 120
MEDIA_TYPES = {"image": ("photo.png", PNG_PIXEL), "voice": ("voice.amr", b"#!AMR\n" + bytes(64)),
               "video": ("video.mp4", bytes(64)), "file": ("file.txt", b"a file from the phone")}  # fmt: skip
STAND_INS: dict[str, dict[str, Any]] = {
    "location": {"latitude": 31.2304, "longitude": 121.4737, "name": "Store", "address": "1 Sample Road"},
    "link": {"title": "A page", "desc": "shared by the customer", "url": "https://example.com/", "pic_url": ""},
    "miniprogram": {"title": "A program", "appid": "wx0000000000000000", "pagepath": "index", "thumb_media_id": ""},
}


def account_of(world: World, open_kfid: str) -> KfAccount:
    account = world.kf_accounts.get(open_kfid)
    if account is None:
        raise ValueError(f"open_kfid: no such account {open_kfid!r}")
    return account


def customer_of(world: World, external_userid: str) -> Customer:
    customer = world.customers.get(external_userid)
    if customer is None:
        raise ValueError(f"external_userid: no such customer {external_userid!r}")
    return customer


def add(world: World, nickname: str) -> Customer:
    customer = Customer(world.new_id("wm", 14), nickname)
    world.customers[customer.external_userid] = customer
    world.journal.note("contact", {"external_userid": customer.external_userid, "nickname": nickname, "follows": []})
    return customer


def enter(world: World, external_userid: str, open_kfid: str, scene: str = "", scene_param: str = "") -> str | None:
    """Open the kf account: enter_session, with a welcome_code when the rule of 94670 gives one (returned)."""
    account = account_of(world, open_kfid)
    customer_of(world, external_userid)
    now = world.now()
    session = kf.session_of(world, open_kfid, external_userid)
    session.entered = {"scene": scene, "scene_param": scene_param}
    session.entered_at = now
    fields = {"external_userid": external_userid, "scene": scene, "scene_param": scene_param}
    quiet = [at for at in (session.welcomed_at, session.last_customer_at) if at and now - at < WELCOME_QUIET_S]
    code = None if quiet or world.rules.native_welcome else kf.mint_code(world, session, "welcome", now)
    msgid = kf.push_event(world, account, "enter_session", fields | ({"welcome_code": code} if code else {}), now)
    kf.say(world, session, Message("event", "enter_session", now, "event", msgid))
    return code


def write(
    world: World, external_userid: str, open_kfid: str, msgtype: str = "text", text: str = "",
    menu_id: str = "", content: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """A message to the kf account; it resets the five replies and begins a consultation if none is open."""
    account = account_of(world, open_kfid)
    customer_of(world, external_userid)
    now = world.now()
    session = kf.session_of(world, open_kfid, external_userid)
    payload = _payload(world, msgtype, text, menu_id, content)
    kf.lapse(session, now)
    if session.state == kf.ENDED:
        kf.start_consultation(world, session)
    session.last_customer_at, session.sent_since = now, 0
    item = {"open_kfid": open_kfid, "external_userid": external_userid, "origin": 3}
    msgid = kf.push(world, account, item | {"msgtype": msgtype, msgtype: payload}, now)
    shown = None if msgtype == "text" else payload
    kf.say(world, session, Message("customer", text, now, msgtype, msgid, external_userid, content=shown))
    return msgid


def _payload(world: World, msgtype: str, text: str, menu_id: str, content: dict[str, Any] | None) -> dict[str, Any]:
    if msgtype == "text":
        if not text:
            raise ValueError("text: required for msgtype text")
        return {"content": text} | ({"menu_id": menu_id} if menu_id else {})
    if content is not None:
        return content
    if msgtype in MEDIA_TYPES:
        name, data = MEDIA_TYPES[msgtype]
        return {"media_id": world.media.add(msgtype, name, data, world.now(), "received").media_id}
    if msgtype in STAND_INS:
        return dict(STAND_INS[msgtype])
    raise ValueError(f"content: required for msgtype {msgtype!r}")


def recall(world: World, external_userid: str, open_kfid: str, msgid: str) -> None:
    """Take back an own message within two minutes: user_recall_msg."""
    account = account_of(world, open_kfid)
    session = kf.session_of(world, open_kfid, external_userid)
    now = world.now()
    for message in session.messages:
        if message.msgid == msgid and message.by == "customer":
            if now - message.time > RECALL_S:
                raise ValueError("msgid: older than two minutes")
            message.status = "recalled"
            kf.push_event(
                world, account, "user_recall_msg", {"external_userid": external_userid, "recall_msgid": msgid}, now
            )
            where = {"open_kfid": open_kfid, "external_userid": external_userid}
            world.journal.note("kf_message", where | {"message": message.view()})
            return
    raise ValueError(f"msgid: no message {msgid!r} of this customer")


def scan(world: World, external_userid: str, config_id: str) -> dict[str, Any]:
    """Scan a live code: a contact way makes the customer a staff member's friend, a join way a group's member."""
    customer_of(world, external_userid)
    way = world.contact_ways.get(config_id)
    if way is not None:
        return contact.befriend_by_way(world, external_userid, way)
    join = world.join_ways.get(config_id)
    if join is not None:
        return groups.join_by_way(world, external_userid, join)
    raise ValueError(f"config_id: no such contact way or join way {config_id!r}")


def write_private(world: World, external_userid: str, userid: str, text: str) -> Message:
    """A 1:1 message to a staff member: no API and no callback ever sees it, but it starts the chat (41051)."""
    follow = world.follow(userid, external_userid)
    if follow is None or follow.deleted_by_customer:
        raise ValueError("userid: not a friend of this customer")
    follow.chatted, follow.last_chat_at = True, world.now()
    return world.say_private(userid, external_userid, Message("customer", text, world.now(), sender=external_userid))

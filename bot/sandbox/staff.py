"""What a staff member does in the WeCom client: serves kf sessions, writes to the app, chats with customers.

Servicers' clicks emit session_status_change; the same change by API would not (94670). Every function runs under
the world's lock and raises ValueError naming the field that does not fit.
"""

import time
import xml.etree.ElementTree as ET
from typing import Any

from bot.sandbox import aibot, kf
from bot.sandbox.customer import account_of, customer_of
from bot.sandbox.envelope import XmlValue, xml
from bot.sandbox.model import App, KfSession, Message, Staff
from bot.sandbox.state import World

TAKEN, TRANSFERRED, SESSION_ENDED, REENTERED = 1, 2, 3, 4  # change_type of session_status_change (94670)


def staff_of(world: World, userid: str) -> Staff:
    staff = world.staff.get(userid)
    if staff is None:
        raise ValueError(f"userid: no such staff {userid!r}")
    return staff


def app_of(world: World, agentid: int | None) -> App:
    """The app with this agentid, or the first one."""
    app = next(iter(world.apps.values()), None) if agentid is None else world.apps.get(agentid)
    if app is None:
        raise ValueError(f"agentid: no such app {agentid!r}")
    return app


def set_servicer(world: World, userid: str, open_kfid: str, status: int) -> None:
    """Accept (0) or stop (1); the event spells it 1 and 2."""
    account = account_of(world, open_kfid)
    if userid not in account.servicers:
        raise ValueError(f"userid: {userid!r} is no servicer of this account")
    if status not in (0, 1):
        raise ValueError("status: must be 0 (accepting) or 1 (stopped)")
    if account.servicers[userid] != status:
        account.servicers[userid] = status
        fields = {"servicer_userid": userid, "status": status + 1}
        kf.push_event(world, account, "servicer_status_change", fields, world.now())
        world.journal.note("kf_session", {"open_kfid": open_kfid, "servicer_userid": userid, "status": status})


def take(world: World, userid: str, open_kfid: str, external_userid: str) -> None:
    """Take a customer out of the pool."""
    session = _session(world, userid, open_kfid, external_userid)
    if session.state != kf.POOL:
        raise ValueError("external_userid: not waiting in the pool")
    kf.move(world, session, kf.HUMAN, userid)
    code = kf.first_code(world, session, "taken", world.now())
    _emit(world, session, TAKEN, {"new_servicer_userid": userid} | ({"msg_code": code} if code else {}))


def transfer(world: World, userid: str, open_kfid: str, external_userid: str, to: str) -> None:
    """Hand the session to another servicer."""
    session = _served(world, userid, open_kfid, external_userid)
    if to not in account_of(world, open_kfid).servicers or to == userid:
        raise ValueError(f"to: {to!r} is no other servicer of this account")
    kf.move(world, session, kf.HUMAN, to)
    _emit(world, session, TRANSFERRED, {"old_servicer_userid": userid, "new_servicer_userid": to})


def end(world: World, userid: str, open_kfid: str, external_userid: str) -> None:
    """End the session one serves; the event carries a code for a parting message."""
    session = _served(world, userid, open_kfid, external_userid)
    kf.move(world, session, kf.ENDED)
    code = kf.mint_code(world, session, "ended", world.now())
    _emit(world, session, SESSION_ENDED, {"old_servicer_userid": userid, "msg_code": code})


def reply(world: World, userid: str, open_kfid: str, external_userid: str, text: str) -> str:
    """Write as servicer; writing into an ended session opens it again (change_type 4, 94670). Returns the msgid."""
    session = _session(world, userid, open_kfid, external_userid)
    if session.state == kf.ENDED:
        kf.move(world, session, kf.HUMAN, userid)
        _emit(world, session, REENTERED, {"old_servicer_userid": userid, "new_servicer_userid": userid})
    _served(world, userid, open_kfid, external_userid)
    now = world.now()
    item = {"open_kfid": open_kfid, "external_userid": external_userid, "origin": 5, "servicer_userid": userid}
    account = account_of(world, open_kfid)
    msgid = kf.push(world, account, item | {"msgtype": "text", "text": {"content": text}}, now)
    kf.say(world, session, Message("servicer", text, now, msgid=msgid, sender=userid))
    return msgid


def _session(world: World, userid: str, open_kfid: str, external_userid: str) -> KfSession:
    account = account_of(world, open_kfid)
    customer_of(world, external_userid)
    if userid not in account.servicers:
        raise ValueError(f"userid: {userid!r} is no servicer of this account")
    session = kf.session_of(world, open_kfid, external_userid)
    kf.lapse(session, world.now())
    return session


def _served(world: World, userid: str, open_kfid: str, external_userid: str) -> KfSession:
    session = _session(world, userid, open_kfid, external_userid)
    if session.state != kf.HUMAN or session.servicer_userid != userid:
        raise ValueError(f"userid: {userid!r} does not serve this customer")
    return session


def _emit(world: World, session: KfSession, change_type: int, fields: dict[str, Any]) -> None:
    account = world.kf_accounts[session.open_kfid]
    event = {"external_userid": session.external_userid, "change_type": change_type} | fields
    msgid = kf.push_event(world, account, "session_status_change", event, world.now())
    kf.say(world, session, Message("event", "session_status_change", world.now(), "event", msgid, content=event))


def write_private(world: World, userid: str, external_userid: str, text: str) -> Message:
    """A 1:1 message to a friend, invisible to every API."""
    follow = world.follow(userid, external_userid)
    if follow is None:
        raise ValueError("external_userid: not a friend of this staff member")
    follow.chatted, follow.last_chat_at = True, world.now()
    return world.say_private(userid, external_userid, Message("staff", text, world.now(), sender=userid))


def write_app(
    world: World, userid: str, agentid: int | None, msgtype: str, text: str, content: dict[str, Any] | None
) -> str:
    """A message to the app (90238). `content` holds the msgtype's own XML fields. Returns the MsgId."""
    staff_of(world, userid)
    app = app_of(world, agentid)
    msgid = str(time.time_ns() // 100 + 7_000_000_000_000_000_000)[:19]
    own: dict[str, XmlValue] = {"Content": text} if msgtype == "text" else dict(content or {})
    if msgtype in ("image", "voice", "video", "file") and "MediaId" not in own:
        own["MediaId"] = world.media.add(msgtype, msgtype, b"from a phone", world.now(), "received").media_id
    tail: dict[str, XmlValue] = {"MsgId": int(msgid), "AgentID": app.agentid}
    shown = Message("staff", text, world.now(), msgtype, msgid, userid, content=None if msgtype == "text" else own)
    world.say_app(userid, app.agentid, shown)
    _post_app(world, app, userid, f"app.{msgtype}", {"MsgType": msgtype} | own | tail)
    return msgid


def app_event(world: World, userid: str, agentid: int | None, event: str, event_key: str | None) -> None:
    """subscribe, enter_agent, click, view … (90240)."""
    staff_of(world, userid)
    app = app_of(world, agentid)
    fields: dict[str, XmlValue] = {"MsgType": "event", "Event": event}
    if event_key is not None:
        fields["EventKey"] = event_key
    _post_app(world, app, userid, f"app.{event}", fields | {"AgentID": app.agentid})


def _post_app(world: World, app: App, userid: str, what: str, fields: dict[str, XmlValue]) -> None:
    head: dict[str, XmlValue] = {
        "ToUserName": world.corpid, "FromUserName": userid, "CreateTime": int(world.now()),
    }  # fmt: skip

    def hear(reply: str) -> None:
        parts = {child.tag: child.text or "" for child in ET.fromstring(reply)}  # noqa: S314 our own bot's answer
        with world.lock:
            bubble = Message("bot", parts.get("Content", ""), world.now(), parts.get("MsgType", "text"), via="passive")
            world.say_app(userid, app.agentid, bubble)

    world.deliveries.post(what, world.app_address(app, own=True), xml(head | fields).encode(), hear)


def write_aibot(world: World, userid: str, aibotid: str | None, chatid: str | None, text: str) -> str:
    """A message to the AI bot, alone or @-ed in an internal group (101039). Returns the msgid."""
    staff_of(world, userid)
    bot = next(iter(world.aibots.values()), None) if aibotid is None else world.aibots.get(aibotid)
    if bot is None:
        raise ValueError(f"aibotid: no such AI bot {aibotid!r}")
    if chatid is not None and chatid not in world.internal_chats:
        raise ValueError(f"chatid: no such internal chat {chatid!r}")
    return aibot.ask(world, bot, userid, chatid, text)

"""Internal groups made by an app: appchat/create, get, update, send (90244 – 90248)."""

import re

from bot.sandbox.call import TOO_LARGE, Answer, Call, Route, at_most_bytes, maybe_text, part, strings, text
from bot.sandbox.model import InternalChat, Message
from bot.sandbox.qyapi.message import TEXT_BYTES, check_content
from bot.sandbox.refusal import Refusal

CHATID = re.compile(r"[0-9a-zA-Z]{1,32}")
NAME_CHARS = 50  # longer is cut
LEAST_MEMBERS, MOST_MEMBERS = 2, 2000
CREATES_PER_DAY = 1000  # per corp (90454)


def create(call: Call) -> Answer:
    """90245."""
    members = strings(call.body, "userlist", MOST_MEMBERS, 86006)
    if "userlist" not in call.body:
        raise Refusal(86204, "missing userlist")
    _check_members(call, members)
    owner = maybe_text(call.body, "owner") or members[0]
    if owner not in members:
        raise Refusal(86207, "owner not in userlist")
    chatid = maybe_text(call.body, "chatid") or call.world.new_id("", 14)
    if not CHATID.fullmatch(chatid):
        raise Refusal(86001, "invalid chatid")
    if chatid in call.world.internal_chats:
        raise Refusal(86215, "chatid exists")
    if not call.world.rates.allow(("appchat/create",), CREATES_PER_DAY, 86_400, call.now):
        raise Refusal(45009, "api freq out of limit")
    name = maybe_text(call.body, "name")[:NAME_CHARS]
    chat = InternalChat(chatid, name, members, call.world.chat(), owner, call.app.agentid)
    call.world.internal_chats[chatid] = chat
    return {"chatid": chatid}


def _check_members(call: Call, members: list[str]) -> None:
    if not LEAST_MEMBERS <= len(set(members)) <= MOST_MEMBERS:
        raise Refusal(86006, "too many or too few members")
    if unknown := [userid for userid in members if userid not in call.world.staff]:
        raise Refusal(86216, f"invalid member {unknown[0]}")


def _chat(call: Call, chatid: str) -> InternalChat:
    chat = call.world.internal_chats.get(chatid)
    if chat is None:
        raise Refusal(86003, "chatid not exist")
    if chat.agentid != call.app.agentid:
        raise Refusal(86008, "chat was made by another app")
    return chat


def get(call: Call) -> Answer:
    """90247."""
    chat = _chat(call, text(call.args, "chatid", 86201))
    info = {"chatid": chat.chatid, "name": chat.name, "owner": chat.owner, "userlist": chat.members}
    return {"chat_info": info}


def update(call: Call) -> Answer:
    """90246."""
    chat = _chat(call, text(call.body, "chatid", 86201))
    gone = strings(call.body, "del_user_list", MOST_MEMBERS)
    members = [userid for userid in chat.members if userid not in gone]
    members += [u for u in strings(call.body, "add_user_list", MOST_MEMBERS) if u not in members]
    _check_members(call, members)
    owner = maybe_text(call.body, "owner") or chat.owner
    if owner not in members:
        raise Refusal(86207, "owner not in userlist")
    chat.members, chat.owner = members, owner
    chat.name = maybe_text(call.body, "name")[:NAME_CHARS] or chat.name
    return {}


def send(call: Call) -> Answer:
    """90248."""
    chat = _chat(call, text(call.body, "chatid", 86201))
    msgtype = text(call.body, "msgtype", 40008)
    if msgtype == "template_card":
        raise Refusal(40008, "invalid message type")
    if msgtype in ("text", "markdown"):
        content = text(part(call.body, msgtype, 44004), "content", 44004)
        at_most_bytes(content, TEXT_BYTES, f"{msgtype}.content", TOO_LARGE)
    words, content_beside = check_content(call, msgtype, call.body)
    bubble = Message("bot", words, call.now, msgtype, sender=str(call.app.agentid), via="appchat")
    bubble.content = content_beside
    call.world.say_internal(chat, bubble)
    return {}


ROUTES = {
    "appchat/create": Route("POST", create, changes=True),
    "appchat/get": Route("GET", get),
    "appchat/update": Route("POST", update, changes=True),
    "appchat/send": Route("POST", send, changes=True),
}

"""微信客服 API: sending (94677), sending on an event (95122) and session states (94669)."""

import re
from typing import Any

from bot.sandbox import kf
from bot.sandbox.call import (
    BAD,
    MISSING,
    Answer,
    Call,
    Route,
    maybe_int,
    maybe_text,
    text,
)
from bot.sandbox.model import KfSession, Message
from bot.sandbox.qyapi.kf_accounts import account_of
from bot.sandbox.qyapi.kf_content import check_content
from bot.sandbox.refusal import Refusal

MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")  # 94677
MSGIDS_KEPT = 100_000


def _session(call: Call, name: str = "external_userid") -> KfSession:
    account = account_of(call)
    external_userid = text(call.body, name)
    if external_userid not in call.world.customers:
        raise Refusal(40096, "invalid external userid")
    return kf.session_of(call.world, account.open_kfid, external_userid)


def send_msg(call: Call) -> Answer:
    """94677. A repeated msgid is refused before any look at the session, so a repeat never hides behind its state."""
    session = _session(call, "touser")
    msgtype = text(call.body, "msgtype", 40008)
    shown = check_content(call, msgtype, call.body)
    msgid = _own_msgid(call, session)
    kf.check_may_send(session, call.now)
    if session.state == kf.NEW:
        kf.move(call.world, session, kf.ASSISTANT)
    session.sent_since += 1
    _say(call, session, msgid, msgtype, shown)
    return {"msgid": msgid}


def send_msg_on_event(call: Call) -> Answer:
    """95122: one message per code, while the session is still in the state that gave it."""
    code = call.world.kf_codes.get(text(call.body, "code"))
    if code is None or call.now >= code.expires_at:
        raise Refusal(call.world.rules.kf_code_errcode, "invalid or expired code")
    rule, session = kf.CODE_RULES[code.kind], code.session
    if session.open_kfid not in call.world.kf_accounts:
        raise Refusal(95004, "open_kfid not exist")
    msgtype = text(call.body, "msgtype", 40008)
    if msgtype not in rule.msgtypes:
        raise Refusal(40008, f"msgtype {msgtype} not allowed here")
    shown = check_content(call, msgtype, call.body)
    if rule.state is not None and session.state != rule.state:
        raise Refusal(95018, "send msg session status invalid")
    msgid = _own_msgid(call, session)
    del call.world.kf_codes[code.code]
    if code.kind == "welcome":
        session.welcomed_at = call.now
    if call.world.rules.kf_event_reply_counts:
        session.sent_since += 1
    _say(call, session, msgid, msgtype, shown)
    return {"msgid": msgid}


def _own_msgid(call: Call, session: KfSession) -> str:
    """The caller's msgid, refused when malformed or used before at this account; or a fresh one."""
    account = call.world.kf_accounts[session.open_kfid]
    msgid = maybe_text(call.body, "msgid")
    if not msgid:
        return call.world.new_id("MSG", 12)
    if not MSGID.fullmatch(msgid):
        raise Refusal(BAD, "invalid msgid")
    if msgid in account.sent_msgids:
        raise Refusal(call.world.rules.kf_duplicate_msgid_errcode, "msgid duplicate")
    return msgid


def _say(call: Call, session: KfSession, msgid: str, msgtype: str, shown: tuple[str, dict[str, Any] | None]) -> None:
    account = call.world.kf_accounts[session.open_kfid]
    account.sent_msgids[msgid] = None
    while len(account.sent_msgids) > MSGIDS_KEPT:
        account.sent_msgids.popitem(last=False)
    menu = shown[1] if msgtype == "msgmenu" else None
    content = None if msgtype == "msgmenu" else shown[1]
    bubble = Message("bot", shown[0], call.now, msgtype, msgid, menu=menu, content=content)
    if call.fault is not None and call.fault.kind == "msg_send_fail":
        bubble.status = "failed"
        fields = {"external_userid": session.external_userid, "fail_msgid": msgid, "fail_type": call.fault.fail_type}
        kf.push_event(call.world, account, "msg_send_fail", fields, call.now)
    kf.say(call.world, session, bubble)


def get_state(call: Call) -> Answer:
    """94669."""
    session = _session(call)
    kf.lapse(session, call.now)
    answer: Answer = {"service_state": session.state}
    return answer | ({"servicer_userid": session.servicer_userid} if session.state == kf.HUMAN else {})


def trans_state(call: Call) -> Answer:
    """94669. Emits no event: only servicers' clicks do (94670)."""
    session = _session(call)
    state = maybe_int(call.body, "service_state", -1, 0, 4)
    servicer = maybe_text(call.body, "servicer_userid")
    kf.lapse(session, call.now)
    if state == kf.HUMAN:
        _check_servicer(call, session, servicer)
    kf.check_transition(call.world, session, state, servicer)
    kf.move(call.world, session, state, servicer if state == kf.HUMAN else "")
    if state == kf.ENDED:
        return {"msg_code": kf.mint_code(call.world, session, "ended", call.now)}
    code = kf.first_code(call.world, session, "pool" if state == kf.POOL else "taken", call.now) if state > 1 else None
    return {"msg_code": code} if code else {}


def _check_servicer(call: Call, session: KfSession, servicer: str) -> None:
    if not servicer:
        raise Refusal(MISSING, "missing servicer_userid")
    servicers = call.world.kf_accounts[session.open_kfid].servicers
    if servicer not in servicers:
        raise Refusal(95014, "user not in servicer list")
    if servicers[servicer] != 0:
        raise Refusal(95019, "servicer stopped or suspended")


ROUTES = {
    "kf/send_msg": Route("POST", send_msg, changes=True, right="kf"),
    "kf/send_msg_on_event": Route("POST", send_msg_on_event, changes=True, right="kf"),
    "kf/service_state/get": Route("POST", get_state, right="kf"),
    "kf/service_state/trans": Route("POST", trans_state, changes=True, right="kf"),
}

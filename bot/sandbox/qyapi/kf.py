"""微信客服 API: accounts, servicers, links, customers, sync_msg, sending and session states (94661 – 95159)."""

import hashlib
import hmac
import random
import re
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from bot.sandbox import kf
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
    strings,
    text,
)
from bot.sandbox.model import KfAccount, KfSession, Message
from bot.sandbox.qyapi.kf_content import check_content
from bot.sandbox.refusal import Refusal

MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")  # 94677
SCENE = re.compile(r"[0-9a-zA-Z_-]{0,32}")  # 94665
CURSOR_BYTES, TOKEN_BYTES = 64, 128  # 94670
PAGE_MAX = 1000
MAX_ACCOUNTS, MAX_SERVICERS = 5000, 2000
MSGIDS_KEPT = 100_000

#: cursors of an earlier run of the sandbox begin again at the oldest item: its memory is gone, WeCom's would not be
_RUN = secrets.token_bytes(4)


def account_of(call: Call) -> KfAccount:
    open_kfid = text(call.body, "open_kfid")
    account = call.world.kf_accounts.get(open_kfid)
    if account is None:
        raise Refusal(95004, "open_kfid not exist")
    return account


def _session(call: Call, name: str = "external_userid") -> KfSession:
    account = account_of(call)
    external_userid = text(call.body, name)
    if external_userid not in call.world.customers:
        raise Refusal(40096, "invalid external userid")
    session = kf.session_of(call.world, account.open_kfid, external_userid)
    return session


def sync_msg(call: Call) -> Answer:
    """94670: a page of what came in, by an opaque cursor; own sends are never among it."""
    token, cursor = maybe_text(call.body, "token"), maybe_text(call.body, "cursor")
    at_most_bytes(cursor, CURSOR_BYTES, "cursor")
    at_most_bytes(token, TOKEN_BYTES, "token")
    limit = maybe_int(call.body, "limit", PAGE_MAX, 1, PAGE_MAX)
    maybe_int(call.body, "voice_format", 0, 0, 1)
    account = account_of(call)
    _check_token(call, token)
    start = max(_read_cursor(account, cursor), kf.oldest_index(account, call.now))
    if random.random() < call.world.rules.kf_empty_page_probability:
        return {"next_cursor": _make_cursor(account, start), "has_more": 1, "msg_list": []}
    size = min(limit, call.world.rules.kf_page_size)
    first = start - account.dropped
    items = [item for _at, item in account.items[first : first + size]]
    more = first + size < len(account.items)
    return {"next_cursor": _make_cursor(account, start + len(items)), "has_more": int(more), "msg_list": items}


def _check_token(call: Call, token: str) -> None:
    world = call.world
    if token:
        if call.now >= world.kf_tokens.get(token, 0.0):
            raise Refusal(95007, "invalid msg token")
    elif not world.rates.allow(("kf/sync_msg", "tokenless"), world.rules.kf_tokenless_per_min, 60, call.now):
        raise Refusal(45009, "api freq out of limit: call without token")


def _make_cursor(account: KfAccount, index: int) -> str:
    plain = _RUN + struct.pack(">Q", index)
    mark = hmac.digest(account.open_kfid.encode(), plain, hashlib.sha256)[:12]
    return "4gw7" + urlsafe_b64encode(bytes(b ^ m for b, m in zip(plain, mark, strict=True)) + mark).decode()


def _read_cursor(account: KfAccount, cursor: str) -> int:
    """The absolute index a cursor of this account stands for. Raises Refusal for any other text."""
    if not cursor:
        return 0
    try:
        raw = urlsafe_b64decode(cursor.removeprefix("4gw7"))
    except ValueError as error:
        raise Refusal(BAD, "invalid cursor") from error
    mark = raw[12:]
    plain = bytes(b ^ m for b, m in zip(raw[:12], mark, strict=False))
    if len(raw) != 24 or not hmac.compare_digest(
        mark, hmac.digest(account.open_kfid.encode(), plain, hashlib.sha256)[:12]
    ):
        raise Refusal(BAD, "invalid cursor")
    if plain[:4] != _RUN:
        return 0
    (index,) = struct.unpack(">Q", plain[4:])
    return int(index)


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
    """The caller's msgid, checked and remembered per account only once all else is well; or a fresh one."""
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


def list_accounts(call: Call) -> Answer:
    """94661."""
    offset = maybe_int(call.body, "offset", 0, 0, 2**31)
    limit = maybe_int(call.body, "limit", 100, 1, 100)
    accounts = list(call.world.kf_accounts.values())[offset : offset + limit]
    avatar = "https://wework.qpic.cn/wwhead/sandbox/0"
    shown = [{"open_kfid": a.open_kfid, "name": a.name, "avatar": avatar, "manage_privilege": True} for a in accounts]
    return {"account_list": shown}


def add_account(call: Call) -> Answer:
    """94662."""
    name = text(call.body, "name", 95006)
    at_most_chars(name, 16, "name", 95006)
    _check_avatar(call, required=True)
    if len(call.world.kf_accounts) >= MAX_ACCOUNTS:
        raise Refusal(95005, "too many kf accounts")
    account = KfAccount(call.world.new_id("wk", 14), name)
    call.world.kf_accounts[account.open_kfid] = account
    return {"open_kfid": account.open_kfid}


def update_account(call: Call) -> Answer:
    """94664."""
    account = account_of(call)
    name = maybe_text(call.body, "name")
    at_most_chars(name, 16, "name", 95006)
    _check_avatar(call, required=False)
    account.name = name or account.name
    return {}


def delete_account(call: Call) -> Answer:
    """94663."""
    del call.world.kf_accounts[account_of(call).open_kfid]
    return {}


def _check_avatar(call: Call, *, required: bool) -> None:
    media_id = text(call.body, "media_id", 41006) if required else maybe_text(call.body, "media_id")
    at_most_bytes(media_id, 128, "media_id")
    if media_id and call.world.media.find(media_id, call.now) is None:
        raise Refusal(40007, "invalid media_id")


def add_servicers(call: Call) -> Answer:
    """94646."""
    return _each_servicer(call, lambda account, userid: account.servicers.setdefault(userid, 0), present=True)


def delete_servicers(call: Call) -> Answer:
    """94647."""
    return _each_servicer(call, lambda account, userid: account.servicers.pop(userid, None), present=False)


def _each_servicer(call: Call, act: Any, *, present: bool) -> Answer:
    account = account_of(call)
    userids = strings(call.body, "userid_list", 100)
    departments = call.body.get("department_id_list") or []
    if not userids and not departments:
        raise Refusal(MISSING, "userid_list and department_id_list both empty")
    results: list[dict[str, Any]] = []
    for userid in userids:
        if userid not in call.world.staff:
            results.append({"userid": userid, "errcode": 60111, "errmsg": "userid not found"})
            continue
        if present and len(account.servicers) >= MAX_SERVICERS:
            raise Refusal(95005, "too many servicers")
        same = (userid in account.servicers) == present
        act(account, userid)
        results.append({"userid": userid, "errcode": 0, "errmsg": "ignored" if same else "success"})
    results += [{"department_id": d, "errcode": 60123, "errmsg": "invalid department id"} for d in departments]
    return {"result_list": results}


def list_servicers(call: Call) -> Answer:
    """94645: status 0 accepting, 1 stopped (the event spells it 1 and 2)."""
    account = call.world.kf_accounts.get(text(call.args, "open_kfid"))
    if account is None:
        raise Refusal(95004, "open_kfid not exist")
    shown = []
    for userid, status in account.servicers.items():
        shown.append({"userid": userid, "status": status} | ({"stop_type": 0} if status else {}))
    return {"servicer_list": shown}


def add_contact_way(call: Call) -> Answer:
    """94665: a link into the account; with a scene the caller may append scene_param."""
    account = account_of(call)
    scene = maybe_text(call.body, "scene")
    if not SCENE.fullmatch(scene):
        raise Refusal(BAD, "invalid scene")
    account.scenes.add(scene)
    path = hashlib.sha256(account.open_kfid.encode()).hexdigest()[:16]
    enc = "?enc_scene=ENC" + urlsafe_b64encode(scene.encode()).decode() if scene else ""
    return {"url": f"https://work.weixin.qq.com/kf/kfc{path}{enc}"}


def get_customers(call: Call) -> Answer:
    """95159."""
    wanted = strings(call.body, "external_userid_list", 100)
    if not wanted:
        raise Refusal(MISSING, "missing external_userid_list")
    with_context = maybe_int(call.body, "need_enter_session_context", 0, 0, 1)
    known = [call.world.customers[i] for i in wanted if i in call.world.customers]
    shown = []
    for customer in known:
        view: dict[str, Any] = {"external_userid": customer.external_userid, "nickname": customer.nickname}
        view |= {"avatar": "", "gender": customer.gender}
        context = _entered(call, customer.external_userid) if with_context else None
        shown.append(view | ({"enter_session_context": context} if context else {}))
    unknown = [i for i in wanted if i not in call.world.customers]
    return {"customer_list": shown, "invalid_external_userid": unknown}


def _entered(call: Call, external_userid: str) -> dict[str, Any] | None:
    """How the customer last came in, within 48 h."""
    recent = [
        s for (_, who), s in call.world.kf_sessions.items()
        if who == external_userid and s.entered and call.now - s.entered_at < kf.REPLY_WINDOW_S
    ]  # fmt: skip
    return max(recent, key=lambda s: s.entered_at).entered if recent else None


ROUTES = {
    "kf/account/list": Route("POST", list_accounts, right="kf"),
    "kf/account/add": Route("POST", add_account, changes=True, right="kf"),
    "kf/account/update": Route("POST", update_account, changes=True, right="kf"),
    "kf/account/del": Route("POST", delete_account, changes=True, right="kf"),
    "kf/servicer/list": Route("GET", list_servicers, right="kf"),
    "kf/servicer/add": Route("POST", add_servicers, changes=True, right="kf"),
    "kf/servicer/del": Route("POST", delete_servicers, changes=True, right="kf"),
    "kf/add_contact_way": Route("POST", add_contact_way, changes=True, right="kf"),
    "kf/customer/batchget": Route("POST", get_customers, right="kf"),
    "kf/sync_msg": Route("POST", sync_msg, right="kf"),
    "kf/send_msg": Route("POST", send_msg, changes=True, right="kf"),
    "kf/send_msg_on_event": Route("POST", send_msg_on_event, changes=True, right="kf"),
    "kf/service_state/get": Route("POST", get_state, right="kf"),
    "kf/service_state/trans": Route("POST", trans_state, changes=True, right="kf"),
}

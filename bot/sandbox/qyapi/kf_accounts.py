"""微信客服 API: accounts, servicers, links and customers (94645 – 94665, 95159)."""

import hashlib
import re
from base64 import urlsafe_b64encode
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
from bot.sandbox.model import KfAccount
from bot.sandbox.refusal import Refusal

SCENE = re.compile(r"[0-9a-zA-Z_-]{0,32}")  # 94665
MAX_ACCOUNTS, MAX_SERVICERS = 5000, 2000


def account_of(call: Call) -> KfAccount:
    open_kfid = text(call.body, "open_kfid")
    account = call.world.kf_accounts.get(open_kfid)
    if account is None:
        raise Refusal(95004, "open_kfid not exist")
    return account


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
}

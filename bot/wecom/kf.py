"""微信客服 (kf): messages, session states, accounts, servicers (94670, 94677, 94669, 95122)."""

import re
from typing import Any

from bot.errors import Rejected
from bot.wecom.bounds import REQUIRED, URL, Body, Bound, Bounds, check, check_message
from bot.wecom.client import WeComClient

SYNC_LIMIT = 1000  # items a page (94670)
ACCOUNT_PAGE = 100  # accounts a page, the most that account/list gives
MENU_ITEMS = 10  # (94677)

ASSISTANT, POOL, HUMAN, ENDED = 1, 2, 3, 4  # service_state; 0 is new and cannot be asked for (94669)

_MSGID = re.compile(r"[0-9A-Za-z_-]{0,32}")  # our own, unique for each kf account (94677)
_SCENE = _MSGID
_ID = REQUIRED

_TEXT: Bounds = {"content": Bound(1, 2048, "bytes")}
_MEDIA: Bounds = {"media_id": REQUIRED}
_MENU: Bounds = {
    "head_content": Bound(0, 1024, "bytes"),
    "list": Bound(0, MENU_ITEMS, "items"),
    "list[].type": frozenset({"click", "view", "miniprogram", "text"}),
    "list[].click.id": Bound(1, 64, "bytes"),
    "list[].click.content": Bound(1, 128, "bytes"),
    "list[].view.url": Bound(1, 2048, "bytes"),
    "list[].view.content": Bound(1, 1024, "bytes"),
    "list[].miniprogram.appid": Bound(1, 32, "bytes"),
    "list[].miniprogram.pagepath": REQUIRED,
    "list[].miniprogram.content": REQUIRED,
    "list[].text.content": REQUIRED,
    "tail_content": Bound(0, 1024, "bytes"),
}
_MESSAGES: dict[str, Bounds] = {
    "text": _TEXT,
    "image": _MEDIA,
    "voice": _MEDIA,
    "video": _MEDIA,
    "file": _MEDIA,
    "link": {
        "title": Bound(1, 128, "bytes"),
        "desc": Bound(0, 512, "bytes"),
        "url": URL,
        "thumb_media_id": REQUIRED,
    },
    "miniprogram": {
        "appid": REQUIRED,
        "title": Bound(0, 64, "bytes"),
        "thumb_media_id": REQUIRED,
        "pagepath": REQUIRED,
    },
    "msgmenu": _MENU,
    "location": {"latitude": Bound(-90, 90, "number"), "longitude": Bound(-180, 180, "number")},
    "business_card": {"userid": REQUIRED},
    "ca_link": {"link_url": REQUIRED},
}
_EVENT_MESSAGES: dict[str, Bounds] = {"text": _TEXT, "msgmenu": _MENU}


def sync_msg(client: WeComClient, open_kfid: str, cursor: str, token: str = "", limit: int = SYNC_LIMIT) -> Body:
    """One page: next_cursor, has_more (0 or 1; a page may be empty and not the last), msg_list (94670).

    `token` is the doorbell's, at most ten minutes old (95007 otherwise); without one the rate limit is stricter.
    """
    api = "kf/sync_msg"
    body = {"open_kfid": open_kfid, "cursor": cursor, "token": token, "limit": limit}
    bounds: Bounds = {
        "open_kfid": _ID,
        "cursor": Bound(0, 64, "bytes"),
        "token": Bound(0, 128, "bytes"),
        "limit": Bound(1, SYNC_LIMIT, "number"),
    }
    check(api, body, bounds)
    return client.post(api, {name: value for name, value in body.items() if value != ""})


def send_msg(client: WeComClient, body: Body) -> Body:
    """touser, open_kfid, msgid (ours), msgtype and the message (94677). errcode 0 is not yet delivery."""
    api = "kf/send_msg"
    check(api, body, {"touser": _ID, "open_kfid": _ID, "msgid": _MSGID})
    check_message(api, body, _MESSAGES)
    return client.post(api, body)


def send_msg_on_event(client: WeComClient, body: Body) -> Body:
    """code (welcome_code or msg_code, single use), msgid, msgtype text or msgmenu (95122)."""
    api = "kf/send_msg_on_event"
    check(api, body, {"code": _ID, "msgid": _MSGID})
    check_message(api, body, _EVENT_MESSAGES)
    return client.post(api, body)


def get_service_state(client: WeComClient, open_kfid: str, external_userid: str) -> Body:
    """service_state 0 to 4, and servicer_userid when it is 3 (94669)."""
    return client.post("kf/service_state/get", {"open_kfid": open_kfid, "external_userid": external_userid})


def trans_service_state(client: WeComClient, body: Body) -> Body:
    """open_kfid, external_userid, service_state, servicer_userid for 3. May return a msg_code for one text (94669)."""
    api = "kf/service_state/trans"
    check(api, body, {"open_kfid": _ID, "external_userid": _ID})
    check(api, body, {"service_state": frozenset({ASSISTANT, POOL, HUMAN, ENDED})})
    if body["service_state"] == HUMAN and not body.get("servicer_userid"):
        raise Rejected(api, "servicer_userid: needed for service_state 3")
    return client.post(api, body)


def list_servicers(client: WeComClient, open_kfid: str) -> list[Body]:
    """userid with status 0 accepting or 1 stopped (unlike the event's 1 and 2), or department_id."""
    servicers: list[Body] = client.get("kf/servicer/list", {"open_kfid": open_kfid}).get("servicer_list", [])
    return servicers


def list_accounts(client: WeComClient) -> list[Body]:
    """open_kfid, name, avatar, manage_privilege of every account the app sees."""
    accounts: list[Body] = []
    while True:
        body = {"offset": len(accounts), "limit": ACCOUNT_PAGE}
        page = client.post("kf/account/list", body).get("account_list", [])
        accounts += page
        if len(page) < ACCOUNT_PAGE:
            return accounts


def batchget_customers(client: WeComClient, external_userids: list[str], need_enter_session_context: int = 0) -> Body:
    """customer_list and invalid_external_userid for at most 100 customers."""
    api = "kf/customer/batchget"
    body: dict[str, Any] = {
        "external_userid_list": external_userids,
        "need_enter_session_context": need_enter_session_context,
    }
    check(api, body, {"external_userid_list": Bound(1, 100, "items")})
    return client.post(api, body)


def add_contact_way(client: WeComClient, body: Body) -> Body:
    """open_kfid and scene. Returns the url; with a scene, &scene_param= (urlencoded, at most 128 B) may follow it."""
    api = "kf/add_contact_way"
    check(api, body, {"open_kfid": _ID, "scene": _SCENE})
    return client.post(api, body)

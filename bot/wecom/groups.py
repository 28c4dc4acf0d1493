"""客户群 and 企业群发: customer groups, mass messages, group welcome templates, join ways.

Pages 92120, 92122, 92135, 93338, 97610, 97611, 92366, 92229.
"""

from collections.abc import Collection, Sequence
from typing import Any

from bot.errors import Rejected
from bot.wecom.bounds import REQUIRED, Body, Bound, Bounds, check, require_any
from bot.wecom.client import WeComClient
from bot.wecom.contacts import MESSAGE, require_message
from bot.wecom.paging import all_pages

GROUP_PAGE = 1000  # (92120)
MASS_LIST_PAGE = 100  # (93338)
MASS_RESULT_PAGE = 1000  # (93338)
MONTH_S = 30 * 86400  # the longest span of one query (93338)
CLOCK_SLACK_S = 120  # ours: how far WeCom's clock may be from ours

_JOIN_WAY: Bounds = {
    "scene": frozenset({1, 2}),
    "remark": Bound(0, 30, "characters"),
    "room_base_name": Bound(0, 40, "characters"),
    "chat_id_list": Bound(1, 5, "items"),
    "state": Bound(0, 30, "characters"),
}


def list_group_chats(client: WeComClient, status_filter: int = 0, owner_userids: Sequence[str] = ()) -> list[Body]:
    """chat_id and status (0 ok, 1 owner left, 2 being inherited, 3 inherited) of all groups (92120).

    Without owners a corp of more than 1,000 visible members is refused (81017).
    """
    api = "externalcontact/groupchat/list"
    body: dict[str, Any] = {"status_filter": status_filter, "limit": GROUP_PAGE}
    if owner_userids:
        body["owner_filter"] = {"userid_list": list(owner_userids)}
    check(api, body, {"owner_filter.userid_list": Bound(1, 100, "items")})
    return _pages(client, api, body, "group_chat_list")


def get_group_chat(client: WeComClient, chat_id: str, need_name: int = 1) -> Body:
    """The group_chat: owner, member_list, member_version. About 2 s behind the event that told of a change (92122)."""
    body = {"chat_id": chat_id, "need_name": need_name}
    group: Body = client.post("externalcontact/groupchat/get", body).get("group_chat", {})
    return group


def add_msg_template(client: WeComClient, body: Body) -> Body:
    """A mass message; nothing is sent until the member confirms it. Returns msgid and fail_list (92135)."""
    api = "externalcontact/add_msg_template"
    bounds: Bounds = {
        "chat_type": frozenset({None, "single", "group"}),
        "external_userid": Bound(0, 10_000, "items"),
        "chat_id_list": Bound(0, 2000, "items"),
    }
    check(api, body, {**bounds, **MESSAGE})
    require_message(api, body)
    if body.get("chat_type") == "group":
        require_any(api, body, "sender")
    else:
        require_any(api, body, "external_userid", "sender")
    return client.post(api, body)


def find_msg_template(
    client: WeComClient, body: Body, since: float, now: float, known_msgids: Collection[str] = ()
) -> Body | None:
    """The answer add_msg_template would have given, when a mass message like `body` exists from `since` on (93338).

    Alike are those of the same sender, text and kinds of attachments; WeCom does not tell to which groups, so the
    msgids that belong to other messages of ours have to be named. While WeCom still dispatches it may say 41063, which
    is Unavailable: ask again.
    """
    start, end = int(since) - CLOCK_SLACK_S, int(now) + CLOCK_SLACK_S
    for row in list_groupmsg(client, body.get("chat_type", "single"), start, end, creator=body.get("sender", "")):
        is_new = row["msgid"] not in known_msgids and row.get("create_time", start) >= start
        if is_new and _likeness(row) == _likeness(body):
            return {"errcode": 0, "msgid": row["msgid"], "fail_list": []}
    return None


def list_groupmsg(
    client: WeComClient, chat_type: str, start_time: int, end_time: int, creator: str = "", filter_type: int = 2
) -> list[Body]:
    """group_msg_list between two unix seconds; filter_type 0 corp, 1 personal, 2 all (93338)."""
    api = "externalcontact/get_groupmsg_list_v2"
    if not 0 <= end_time - start_time <= MONTH_S:
        raise Rejected(api, f"start_time, end_time: {end_time - start_time} s apart, allowed 0 to {MONTH_S}")
    body = {"chat_type": chat_type, "start_time": start_time, "end_time": end_time, "filter_type": filter_type}
    if creator:
        body["creator"] = creator
    return _pages(client, api, {**body, "limit": MASS_LIST_PAGE}, "group_msg_list")


def get_groupmsg_task(client: WeComClient, msgid: str) -> list[Body]:
    """userid, status 0 unsent or 2 sent, send_time of each member who is to confirm (93338)."""
    body = {"msgid": msgid, "limit": MASS_RESULT_PAGE}
    return _pages(client, "externalcontact/get_groupmsg_task", body, "task_list")


def get_groupmsg_send_result(client: WeComClient, msgid: str, userid: str) -> list[Body]:
    """status 0 unsent, 1 sent, 2 no friend, 3 had another, for each customer or (only sent ones) group (93338)."""
    body = {"msgid": msgid, "userid": userid, "limit": MASS_RESULT_PAGE}
    return _pages(client, "externalcontact/get_groupmsg_send_result", body, "send_list")


def remind_groupmsg_send(client: WeComClient, body: Body) -> Body:
    """msgid. At most 3 within 24 h (41094; 97610)."""
    return _by_id(client, "externalcontact/remind_groupmsg_send", body, "msgid")


def cancel_groupmsg_send(client: WeComClient, body: Body) -> Body:
    """msgid (97611)."""
    return _by_id(client, "externalcontact/cancel_groupmsg_send", body, "msgid")


def add_group_welcome_template(client: WeComClient, body: Body) -> Body:
    """text and at most one attachment, given as its own field. Returns template_id; 100 for a corp (92366)."""
    api = "externalcontact/group_welcome_template/add"
    kinds = [kind for kind in ("image", "link", "miniprogram", "file", "video") if body.get(kind)]
    if len(kinds) > 1:
        raise Rejected(api, f"{', '.join(kinds)}: only one is allowed")
    require_any(api, body, "text", *kinds)
    return client.post(api, body)


def add_join_way(client: WeComClient, body: Body) -> Body:
    """A live code for groups. Returns config_id only; get_join_way has the qr_code (92229)."""
    api = "externalcontact/groupchat/add_join_way"
    check(api, body, _JOIN_WAY)
    return client.post(api, body)


def get_join_way(client: WeComClient, config_id: str) -> Body:
    """The join_way with its qr_code (92229)."""
    body = {"config_id": config_id}
    way: Body = client.post("externalcontact/groupchat/get_join_way", body).get("join_way", {})
    return way


def _by_id(client: WeComClient, api: str, body: Body, name: str) -> Body:
    check(api, body, {name: REQUIRED})
    return client.post(api, body)


def _pages(client: WeComClient, api: str, body: Body, field: str) -> list[Body]:
    return all_pages(lambda cursor: client.post(api, {**body, **({"cursor": cursor} if cursor else {})}), field)


def _likeness(body: Body) -> tuple[str, list[str]]:
    """What a mass message shows, as far as WeCom's list gives it back."""
    return (body.get("text") or {}).get("content", ""), [each["msgtype"] for each in body.get("attachments") or ()]

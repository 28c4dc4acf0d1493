"""客户联系 (external contact): customers, welcome messages, corp tags, contact ways.

Pages 92114, 92115, 92137, 92117, 92572.
"""

from collections.abc import Sequence
from typing import Any

from bot.errors import Rejected
from bot.wecom.bounds import REQUIRED, URL, Body, Bound, Bounds, check, require_any
from bot.wecom.client import WeComClient
from bot.wecom.paging import all_pages

MAX_TAGS = 3000  # on one customer of one member (92697)
CONTACT_WAY_PAGE = 1000  # (92572)
TWO_WEEKS_S = 14 * 86400

_PAIR: Bounds = {"userid": REQUIRED, "external_userid": REQUIRED}
_ORDER = Bound(0, 2**32 - 1, "number")  # larger comes first (92117)
_TAG_NAME = Bound(1, 30, "characters")  # (92117)

#: text and attachments of welcome and mass messages (92137, 92135).
MESSAGE: Bounds = {
    "text.content": Bound(0, 4000, "bytes"),
    "attachments": Bound(0, 9, "items"),
    "attachments[].msgtype": frozenset({"image", "link", "miniprogram", "video", "file"}),
    "attachments[].link.title": Bound(1, 128, "bytes"),
    "attachments[].link.desc": Bound(0, 512, "bytes"),
    "attachments[].link.url": URL,
    "attachments[].link.picurl": Bound(0, 2048, "bytes"),
    "attachments[].image.pic_url": Bound(0, 2048, "bytes"),
    "attachments[].miniprogram.title": Bound(1, 64, "bytes"),
    "attachments[].miniprogram.pic_media_id": REQUIRED,
    "attachments[].miniprogram.appid": REQUIRED,
    "attachments[].miniprogram.page": REQUIRED,
    "attachments[].video.media_id": REQUIRED,
    "attachments[].file.media_id": REQUIRED,
}
_CONTACT_WAY: Bounds = {
    "remark": Bound(0, 30, "characters"),
    "state": Bound(0, 30, "characters"),
    "user": Bound(0, 100, "items"),
    "expires_in": Bound(0, TWO_WEEKS_S, "number"),
    "chat_expires_in": Bound(0, TWO_WEEKS_S, "number"),
    "conclusions.text.content": Bound(0, 4000, "bytes"),
}


def get(client: WeComClient, external_userid: str) -> Body:
    """external_contact, and follow_user of all pages: more than 500 members may follow a customer (92114)."""
    first: Body = {}

    def read(cursor: str) -> Body:
        query = {"external_userid": external_userid, **({"cursor": cursor} if cursor else {})}
        page = client.get("externalcontact/get", query)
        first.update({} if first else page)
        return page

    follow_user = all_pages(read, "follow_user")
    return {"external_contact": first.get("external_contact", {}), "follow_user": follow_user}


def get_follow_user_list(client: WeComClient) -> list[str]:
    """userids of the members who may have customers (92571)."""
    members: list[str] = client.get("externalcontact/get_follow_user_list").get("follow_user", [])
    return members


def remark(client: WeComClient, body: Body) -> Body:
    """What a member notes about a customer; remark_mobiles overwrites, [""] clears (92115)."""
    api = "externalcontact/remark"
    bounds: Bounds = {
        "remark": Bound(0, 20, "characters"),
        "description": Bound(0, 150, "characters"),
        "remark_company": Bound(0, 20, "characters"),
    }
    check(api, body, {**_PAIR, **bounds})
    require_any(api, body, "remark", "description", "remark_company", "remark_mobiles", "remark_pic_mediaid")
    return client.post(api, body)


def send_welcome_msg(client: WeComClient, body: Body) -> Body:
    """welcome_code (20 s, once, first app wins) with text, attachments or both (92137)."""
    api = "externalcontact/send_welcome_msg"
    check(api, body, {"welcome_code": REQUIRED, **MESSAGE})
    require_message(api, body)
    return client.post(api, body)


def require_message(api: str, body: Body) -> None:
    """text and attachments are not both empty, and each attachment has the object its msgtype names."""
    if not body.get("attachments") and not (body.get("text") or {}).get("content"):
        raise Rejected(api, "text, attachments: at least one is needed")
    for attachment in body.get("attachments") or ():
        if not isinstance(attachment.get(attachment["msgtype"]), dict):
            raise Rejected(api, f"attachments[].{attachment['msgtype']}: missing")


def get_corp_tag_list(client: WeComClient, tag_id: Sequence[str] = (), group_id: Sequence[str] = ()) -> list[Body]:
    """Tag groups with their tags; all of them when neither is given, group_id wins over tag_id (92117)."""
    body = {"tag_id": list(tag_id), "group_id": list(group_id)}
    groups: list[Body] = client.post("externalcontact/get_corp_tag_list", body).get("tag_group", [])
    return groups


def add_corp_tag(client: WeComClient, body: Body) -> Body:
    """group_id, or group_name (appended to when it exists), and tag[{name, order}]. Returns one tag_group (92117)."""
    api = "externalcontact/add_corp_tag"
    check(api, body, {"group_name": Bound(0, 30, "characters"), "order": _ORDER, "tag": Bound(1, 10000, "items")})
    check(api, body, {"tag[].name": _TAG_NAME, "tag[].order": _ORDER})
    require_any(api, body, "group_id", "group_name")
    return client.post(api, body)


def find_corp_tag_group(client: WeComClient, body: Body) -> Body | None:
    """The answer add_corp_tag would have given for `body`, when all its tags are there already."""
    wanted = {tag["name"] for tag in body["tag"]}
    for group in get_corp_tag_list(client):
        if group["group_id"] == body.get("group_id") or group["group_name"] == body.get("group_name"):
            tags = [tag for tag in group["tag"] if tag["name"] in wanted and not tag.get("deleted")]
            if {tag["name"] for tag in tags} == wanted:
                return {"errcode": 0, "tag_group": {**group, "tag": tags}}
    return None


def edit_corp_tag(client: WeComClient, body: Body) -> Body:
    """id of a tag or group, name, order. Only what this app has created (92117)."""
    api = "externalcontact/edit_corp_tag"
    check(api, body, {"id": REQUIRED, "name": Bound(0, 30, "characters"), "order": _ORDER})
    return client.post(api, body)


def del_corp_tag(client: WeComClient, body: Body) -> Body:
    """tag_id[], group_id[]; a group without tags goes too (92117)."""
    api = "externalcontact/del_corp_tag"
    require_any(api, body, "tag_id", "group_id")
    return client.post(api, body)


def mark_tag(client: WeComClient, body: Body) -> Body:
    """userid, external_userid, add_tag[], remove_tag[]: tags belong to the pair (92117)."""
    api = "externalcontact/mark_tag"
    tags: Bounds = {"add_tag": Bound(0, MAX_TAGS, "items"), "remove_tag": Bound(0, MAX_TAGS, "items")}
    check(api, body, {**_PAIR, **tags})
    require_any(api, body, "add_tag", "remove_tag")
    return client.post(api, body)


def add_contact_way(client: WeComClient, body: Body) -> Body:
    """A live code. Returns config_id, without which it cannot be edited, and qr_code for scene 2 (92572)."""
    api = "externalcontact/add_contact_way"
    check(api, body, {"type": frozenset({1, 2}), "scene": frozenset({1, 2}), **_CONTACT_WAY})
    if body["type"] == 1 and len(body.get("user") or ()) != 1:
        raise Rejected(api, "user: exactly 1 item for type 1")
    if body.get("conclusions") and not body.get("is_temp"):
        raise Rejected(api, "conclusions: only with is_temp")
    return client.post(api, body)


def get_contact_way(client: WeComClient, config_id: str) -> Body:
    """The contact_way (92572)."""
    way: Body = client.post("externalcontact/get_contact_way", {"config_id": config_id}).get("contact_way", {})
    return way


def list_contact_ways(client: WeComClient, start_time: int, end_time: int) -> list[str]:
    """config_ids of those made between two unix seconds, by any app; none from before 2021-07-10 (92572)."""
    body: dict[str, Any] = {"start_time": start_time, "end_time": end_time, "limit": CONTACT_WAY_PAGE}
    api = "externalcontact/list_contact_way"
    ways = all_pages(lambda cursor: client.post(api, {**body, **({"cursor": cursor} if cursor else {})}), "contact_way")
    return [way["config_id"] for way in ways]


def update_contact_way(client: WeComClient, body: Body) -> Body:
    """config_id and what changes; user and party overwrite, type and scene cannot change (92572)."""
    api = "externalcontact/update_contact_way"
    check(api, body, {"config_id": REQUIRED, **_CONTACT_WAY})
    return client.post(api, body)


def del_contact_way(client: WeComClient, body: Body) -> Body:
    """config_id (92572)."""
    api = "externalcontact/del_contact_way"
    check(api, body, {"config_id": REQUIRED})
    return client.post(api, body)

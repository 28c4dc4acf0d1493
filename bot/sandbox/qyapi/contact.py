"""客户联系: who follows whom, remarks and the welcome message (92571, 92113, 92114, 92994, 92115, 92137)."""

from typing import Any

from bot.sandbox.call import (
    MISSING,
    Answer,
    Call,
    Route,
    at_most_chars,
    maybe_text,
    page,
    strings,
    text,
)
from bot.sandbox.model import Customer, Follow, Message
from bot.sandbox.qyapi.attachments import check_text_and_attachments
from bot.sandbox.refusal import Refusal

REMARK_CHARS, DESCRIPTION_CHARS, COMPANY_CHARS = 20, 150, 20  # 92115
MAX_FOLLOWERS = 500  # of one answer of externalcontact/get (92114)


def customer_of(call: Call, given: Any) -> Customer:
    customer = call.world.customers.get(text(given, "external_userid", 41035))
    if customer is None:
        raise Refusal(40096, "invalid external userid")
    return customer


def userid_of(call: Call, name: str = "userid") -> str:
    userid = text(call.body, name, 41009)
    if userid not in call.world.staff:
        raise Refusal(40003, "invalid userid")
    return userid


def follow_of(call: Call) -> Follow:
    """The relation a body's userid and external_userid name. Raises Refusal 84061 when there is none."""
    follow = call.world.follow(userid_of(call), customer_of(call, call.body).external_userid)
    if follow is None:
        raise Refusal(84061, "not external contact")
    return follow


def get_follow_user_list(call: Call) -> Answer:
    """92571: who may use 客户联系. Here everybody."""
    return {"follow_user": list(call.world.staff)}


def list_customers(call: Call) -> Answer:
    """92113; a member without customers is 84061."""
    userid = text(call.args, "userid", 41009)
    if userid not in call.world.staff:
        raise Refusal(40003, "invalid userid")
    found = [who for who, follows in call.world.follows.items() if userid in follows]
    if not found:
        raise Refusal(84061, "not external contact")
    return {"external_userid": found}


def get_customer(call: Call) -> Answer:
    """92114: the customer with every follower; more than 500 come in pages."""
    customer = customer_of(call, call.args)
    follows = list(call.world.follows.get(customer.external_userid, {}).values())
    if not follows:
        raise Refusal(84061, "not external contact")
    cursor = {"cursor": call.args.get("cursor", "")}
    shown, next_cursor = page(follows, cursor, MAX_FOLLOWERS, MAX_FOLLOWERS)
    answer = {"external_contact": _profile(customer), "follow_user": [_follow_user(call, f) for f in shown]}
    return answer | ({"next_cursor": next_cursor} if next_cursor else {})


def _profile(customer: Customer) -> dict[str, Any]:
    return {
        "external_userid": customer.external_userid,
        "name": customer.nickname,
        "type": 1,
        "avatar": "",
        "gender": customer.gender,
        "unionid": "o" + customer.external_userid,
    }


def _follow_user(call: Call, follow: Follow) -> dict[str, Any]:
    tags = []
    for group in call.world.tag_groups.values():
        for tag in group.tags.values():
            if tag.id in follow.tag_ids:
                tags.append({"group_name": group.group_name, "tag_name": tag.name, "tag_id": tag.id, "type": 1})
    return _relation(follow) | {"tags": tags}


def _relation(follow: Follow) -> dict[str, Any]:
    shown = {
        "userid": follow.userid,
        "remark": follow.remark,
        "description": follow.description,
        "createtime": follow.createtime,
        "remark_corp_name": follow.remark_company,
        "remark_mobiles": follow.remark_mobiles,
        "add_way": follow.add_way,
        "oper_userid": follow.external_userid,
    }
    return shown | ({"state": follow.state} if follow.state else {})


def batch_get_by_user(call: Call) -> Answer:
    """92994: follow_info carries tag ids only, unlike externalcontact/get."""
    userids = strings(call.body, "userid_list", 100)
    if not userids:
        raise Refusal(MISSING, "missing userid_list")
    if unknown := [userid for userid in userids if userid not in call.world.staff]:
        raise Refusal(40003, f"invalid userid {unknown[0]}")
    pairs = [
        (call.world.customers[who], follow)
        for who, follows in call.world.follows.items()
        for follow in follows.values()
        if follow.userid in userids
    ]
    shown, next_cursor = page(pairs, call.body, 50, 100)
    contacts = [
        {"external_contact": _profile(customer), "follow_info": _relation(follow) | {"tag_id": sorted(follow.tag_ids)}}
        for customer, follow in shown
    ]
    return {"external_contact_list": contacts, "next_cursor": next_cursor}


def remark(call: Call) -> Answer:
    """92115: limits in characters; remark_mobiles overwrites, [""] clears."""
    follow = follow_of(call)
    limits = {"remark": REMARK_CHARS, "description": DESCRIPTION_CHARS, "remark_company": COMPANY_CHARS}
    given = [name for name in (*limits, "remark_mobiles", "remark_pic_mediaid") if name in call.body]
    if not given:
        raise Refusal(MISSING, "nothing to remark")
    changes = {name: maybe_text(call.body, name) for name in limits if name in call.body}
    for name, value in changes.items():
        at_most_chars(value, limits[name], name)
    mobiles = strings(call.body, "remark_mobiles", 100)
    for name, value in changes.items():
        setattr(follow, name, value)
    if "remark_mobiles" in call.body:
        follow.remark_mobiles = [mobile for mobile in mobiles if mobile]
    return {}


def send_welcome_msg(call: Call) -> Answer:
    """92137: within 20 s, once; the second caller and a chat already begun get 41051."""
    code = call.world.welcome_codes.get(text(call.body, "welcome_code", 41049))
    if code is None or call.now >= code.expires_at:
        raise Refusal(41050, "invalid welcome code")
    follow = call.world.follow(code.userid, code.external_userid)
    if code.used or follow is None or follow.chatted:
        raise Refusal(41051, "customer has started chatting")
    content, attachments = check_text_and_attachments(call)
    code.used = True
    follow.last_chat_at = call.now
    extra = {"attachments": attachments} if attachments else None
    bubble = Message("staff", content, call.now, msgid=code.code, sender=code.userid, via="welcome", content=extra)
    call.world.say_private(code.userid, code.external_userid, bubble)
    return {}


ROUTES = {
    "externalcontact/get_follow_user_list": Route("GET", get_follow_user_list, right="externalcontact"),
    "externalcontact/list": Route("GET", list_customers, right="externalcontact"),
    "externalcontact/get": Route("GET", get_customer, right="externalcontact"),
    "externalcontact/batch/get_by_user": Route("POST", batch_get_by_user, right="externalcontact"),
    "externalcontact/remark": Route("POST", remark, changes=True, right="externalcontact"),
    "externalcontact/send_welcome_msg": Route("POST", send_welcome_msg, changes=True, right="externalcontact"),
}

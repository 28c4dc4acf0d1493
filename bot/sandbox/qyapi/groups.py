"""客户群 reading: groupchat/list and groupchat/get (92120, 92122)."""

from bot.sandbox import groups
from bot.sandbox.call import BAD, MISSING, Answer, Call, Route, maybe_int, page, part, strings, text
from bot.sandbox.refusal import Refusal

MAX_OWNERS = 100
MAX_UNFILTERED = 1000


def list_groups(call: Call) -> Answer:
    """92120: limit is required; without owner_filter more than 1000 groups are too many."""
    status = maybe_int(call.body, "status_filter", 0, 0, 3)
    if "limit" not in call.body:
        raise Refusal(MISSING, "missing limit")
    owners = []
    if call.body.get("owner_filter") is not None:
        owners = strings(part(call.body, "owner_filter"), "userid_list", MAX_OWNERS)
        if unknown := [userid for userid in owners if userid not in call.world.staff]:
            raise Refusal(40003, f"invalid userid {unknown[0]}")
    found = [g for g in call.world.groups.values() if status == 0 and (not owners or g.owner in owners)]
    if not owners and len(found) > MAX_UNFILTERED:
        raise Refusal(81017, "too many groups, use owner_filter")
    shown, next_cursor = page(found, call.body, 1000, 1000)
    answer: Answer = {"group_chat_list": [{"chat_id": g.chat_id, "status": 0} for g in shown]}
    return answer | ({"next_cursor": next_cursor} if next_cursor else {})


def get_group(call: Call) -> Answer:
    """92122: the detail lags about two seconds behind its event; names only on request."""
    chat_id = text(call.body, "chat_id", 86201)
    with_names = maybe_int(call.body, "need_name", 0, 0, 1)
    if chat_id in call.world.internal_chats:
        raise Refusal(90501, "not a customer group")
    group = call.world.groups.get(chat_id)
    if group is None:
        raise Refusal(86003 if chat_id.startswith("wr") else BAD, "chat_id not exist")
    detail = groups.shown_detail(call.world, group)
    if not with_names:
        return {"group_chat": detail}
    named = [member | {"name": _name(call, member["userid"])} for member in detail["member_list"]]
    return {"group_chat": detail | {"member_list": named}}


def _name(call: Call, member: str) -> str:
    if member in call.world.staff:
        return call.world.staff[member].name
    customer = call.world.customers.get(member)
    return customer.nickname if customer else ""


ROUTES = {
    "externalcontact/groupchat/list": Route("POST", list_groups, right="externalcontact"),
    "externalcontact/groupchat/get": Route("POST", get_group, right="externalcontact"),
}

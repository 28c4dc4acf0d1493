"""Every call an outbox row may name, and what is allowed when nobody knows whether it took effect.

A row holds an api of this table and the final body in WeCom's own field names, plus what goes into the query: `key` for
webhook/send, `response_url` for aibot/response. message/send takes a `msgid` of ours, see `apps.send_message`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from bot.errors import GatewayError
from bot.wecom import apps, contacts, groups, kf
from bot.wecom.client import WeComClient

Body: TypeAlias = dict[str, Any]

#: (client, body, since, now, known_msgids) -> WeCom's answer to the call if it was done after `since`, else None.
#: Times are unix seconds; known_msgids are those which WeCom gave for other rows. Raises GatewayError.
Confirm: TypeAlias = Callable[[WeComClient, Body, float, float, Collection[str]], Body | None]


class Repeat(Enum):
    """What may be done after an unknown outcome (took_effect None)."""

    SAFE = "safe"  # send the same body again: it is told apart by msgid, or doing it twice is doing it once
    ONCE = "once"  # send it again: WeCom takes the code in it once, so it cannot happen twice
    ASK = "ask"  # send again only after `confirm` said None; without a confirm never, people have to look


@dataclass(frozen=True)
class Call:
    """How to make a call, and how to know on a repeat that the first try had been done after all."""

    send: Callable[[WeComClient, Body], Body]
    repeat: Repeat
    done_errcodes: frozenset[int] = frozenset()
    done_word: str = ""
    confirm: Confirm | None = None

    def was_done(self, error: GatewayError) -> bool:
        """Whether `error`, got on a repeat after an unknown outcome, means that the first try took effect.

        Not to be asked about a first try, where the same errcode is a plain refusal.
        """
        if error.errcode is None:
            return False
        return error.errcode in self.done_errcodes or bool(self.done_word and self.done_word in error.reason)


def _confirm_state(client: WeComClient, body: Body, _since: float, _now: float, _known: Collection[str]) -> Body | None:
    """The session is where trans was to bring it. The msg_code that trans would have given is lost."""
    state = kf.get_service_state(client, body["open_kfid"], body["external_userid"])
    wanted = (body["service_state"], body.get("servicer_userid") or "")
    is_there = (state.get("service_state"), state.get("servicer_userid") or "") == wanted
    return {"errcode": 0} if is_there else None


def _confirm_tags(client: WeComClient, body: Body, _since: float, _now: float, _known: Collection[str]) -> Body | None:
    return contacts.find_corp_tag_group(client, body)


# For a msgid that came twice the documentation names no errcode, only "error" (94677): bad parameter, or any that
# speaks of the msgid. Whether a used event code or response_url has one of its own is not documented either.
_INVALID_PARAMETER = 40058
_DUPLICATE_MSGID = frozenset({_INVALID_PARAMETER})

# 41051: the chat has begun, which after our own try means that the welcome stands in it; 41096: it is being sent.
# 41050 is also said of a code that ran out unused, so it does not count (92137).
_WELCOMED = frozenset({41051, 41096})

CALLS: dict[str, Call] = {
    "kf/send_msg": Call(kf.send_msg, Repeat.SAFE, _DUPLICATE_MSGID, "msgid"),
    "kf/send_msg_on_event": Call(kf.send_msg_on_event, Repeat.ONCE, _DUPLICATE_MSGID | _WELCOMED, "msgid"),
    "kf/service_state/trans": Call(kf.trans_service_state, Repeat.ASK, confirm=_confirm_state),
    "externalcontact/send_welcome_msg": Call(contacts.send_welcome_msg, Repeat.ONCE, _WELCOMED),
    "externalcontact/mark_tag": Call(contacts.mark_tag, Repeat.SAFE),
    "externalcontact/remark": Call(contacts.remark, Repeat.SAFE),
    "externalcontact/add_corp_tag": Call(contacts.add_corp_tag, Repeat.ASK, confirm=_confirm_tags),
    "externalcontact/edit_corp_tag": Call(contacts.edit_corp_tag, Repeat.SAFE),
    "externalcontact/del_corp_tag": Call(contacts.del_corp_tag, Repeat.SAFE, frozenset({40068})),
    "externalcontact/add_contact_way": Call(contacts.add_contact_way, Repeat.ASK),
    "externalcontact/update_contact_way": Call(contacts.update_contact_way, Repeat.SAFE),
    "externalcontact/del_contact_way": Call(contacts.del_contact_way, Repeat.SAFE, frozenset({41044})),
    "externalcontact/add_msg_template": Call(groups.add_msg_template, Repeat.ASK, confirm=groups.find_msg_template),
    "externalcontact/remind_groupmsg_send": Call(groups.remind_groupmsg_send, Repeat.ASK),
    "externalcontact/cancel_groupmsg_send": Call(groups.cancel_groupmsg_send, Repeat.SAFE, frozenset({41093})),
    "externalcontact/group_welcome_template/add": Call(groups.add_group_welcome_template, Repeat.ASK),
    "externalcontact/groupchat/add_join_way": Call(groups.add_join_way, Repeat.ASK),
    "message/send": Call(apps.send_message, Repeat.SAFE),
    "message/recall": Call(apps.recall_message, Repeat.SAFE),
    "appchat/create": Call(apps.create_appchat, Repeat.SAFE, frozenset({86215})),
    "appchat/send": Call(apps.send_appchat, Repeat.ASK),
    "webhook/send": Call(apps.send_webhook, Repeat.ASK),
    "aibot/response": Call(apps.answer_aibot, Repeat.ONCE, _DUPLICATE_MSGID),
}

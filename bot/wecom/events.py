"""What a decrypted XML callback means: fields in WeCom's spelling to `handlers.event` models.

`_EVENTS` is the whole table of callback kinds. Whatever is genuine and well-formed but not in it, or lacks what its
kind must have, becomes an UnknownEvent with every field kept.
"""

import hashlib
from collections.abc import Callable

from bot.errors import CallbackError
from bot.wecom.fields import Fields, nested, number, required, second, text, texts
from bot.wecom.wire import read_xml
from handlers.event import (
    AibotEvent,
    AibotMessage,
    AppEvent,
    AppMessage,
    ChangeContact,
    Event,
    ExternalChatChanged,
    ExternalContactChanged,
    ExternalTagChanged,
    KfAccountAuthChanged,
    KfDoorbell,
    KfEvent,
    KfMessage,
    MediaJobFinished,
    MsgauditNotify,
    UnknownEvent,
)

_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "AgentID"})


def parse_event(plaintext: bytes) -> Event:
    """One decrypted XML callback. Raises CallbackError(400) when it cannot be read at all."""
    try:
        fields = read_xml(plaintext)
    except ValueError as error:
        raise CallbackError(str(error), 400) from None
    name = ""
    try:
        msgtype = text(fields, "MsgType")
        name = text(fields, "Event") if msgtype == "event" else msgtype or text(fields, "InfoType")
        build = _EVENTS.get(name.lower()) if msgtype == "event" else _app_message
        if build:
            return build(fields)
    except ValueError:
        pass
    return UnknownEvent(source="callback", name=name, created_at=second(fields.get("CreateTime")), raw=fields)


def dedup_key(event: Event, plaintext: bytes) -> str:
    """The key under which the inbox takes `event` once; `plaintext` is the decrypted callback it was read from.

    Messages go by WeCom's own id. Other callbacks by a digest of the whole body: FromUserName + CreateTime, which 90238
    proposes, is the same for all events of one second, and equal texts may well be two messages.
    """
    match event:
        case AppMessage():
            return f"app:{event.agentid}:{event.msgid}"
        case KfMessage() | KfEvent():
            return f"kf:{event.open_kfid}:{event.msgid}"
        case AibotMessage() | AibotEvent():
            return f"aibot:{event.aibotid}:{event.msgid}"
    return "event:" + hashlib.sha256(plaintext or event.to_json().encode()).hexdigest()


# self-built app (90238, 90240)


def _app_message(fields: Fields) -> Event:
    content = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    return AppMessage(
        userid=required(fields, "FromUserName"),
        agentid=text(fields, "AgentID"),
        msgid=required(fields, "MsgId"),
        msgtype=required(fields, "MsgType"),
        text=text(fields, "Content"),
        content=content,
        **_common(fields),
    )


def _app_event(fields: Fields) -> Event:
    return AppEvent(
        event=text(fields, "Event"),
        userid=text(fields, "FromUserName"),
        agentid=text(fields, "AgentID"),
        event_key=text(fields, "EventKey"),
        **_common(fields),
    )


def _change_contact(fields: Fields) -> Event:
    return ChangeContact(change_type=required(fields, "ChangeType"), userid=text(fields, "UserID"), **_common(fields))


# customer contact (92130, 96361, 92277)


def _external_contact(fields: Fields) -> Event:
    return ExternalContactChanged(
        change_type=required(fields, "ChangeType"),
        userid=text(fields, "UserID"),
        external_userid=text(fields, "ExternalUserID"),
        state=text(fields, "State"),
        welcome_code=text(fields, "WelcomeCode"),
        source=text(fields, "Source"),
        fail_reason=text(fields, "FailReason"),
        **_common(fields),
    )


def _external_chat(fields: Fields) -> Event:
    return ExternalChatChanged(
        change_type=required(fields, "ChangeType"),
        chat_id=required(fields, "ChatId"),
        update_detail=text(fields, "UpdateDetail"),
        join_scene=number(fields, "JoinScene"),
        quit_scene=number(fields, "QuitScene"),
        mem_change_cnt=number(fields, "MemChangeCnt"),
        mem_change_list=texts(nested(fields, "MemChangeList"), "Item"),
        last_mem_ver=text(fields, "LastMemVer"),
        cur_mem_ver=text(fields, "CurMemVer"),
        **_common(fields),
    )


def _external_tag(fields: Fields) -> Event:
    return ExternalTagChanged(
        change_type=required(fields, "ChangeType"),
        tag_id=text(fields, "Id"),
        tag_type=text(fields, "TagType"),
        strategy_id=text(fields, "StrategyId"),
        **_common(fields),
    )


def _msgaudit_notify(fields: Fields) -> Event:
    return MsgauditNotify(agentid=text(fields, "AgentID"), **_common(fields))


def _media_job(fields: Fields) -> Event:
    return MediaJobFinished(jobid=required(fields, "JobId"), **_common(fields))


# 微信客服 (94670, 94699)


def _kf_doorbell(fields: Fields) -> Event:
    return KfDoorbell(open_kfid=required(fields, "OpenKfId"), token=text(fields, "Token"), **_common(fields))


def _kf_account_auth(fields: Fields) -> Event:
    return KfAccountAuthChanged(
        added=texts(fields, "AuthAddOpenKfId"), removed=texts(fields, "AuthDelOpenKfId"), **_common(fields)
    )


def _common(fields: Fields) -> Fields:
    return {"created_at": second(fields.get("CreateTime")), "raw": fields}


_APP_EVENTS = (
    "subscribe",
    "unsubscribe",
    "enter_agent",
    "location",
    "click",
    "view",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "taskcard_click",
    "template_card_event",
    "template_card_menu_event",
    "batch_job_result",
    "open_approval_change",
    "close_inactive_agent",
    "reopen_inactive_agent",
)

#: Event (lower case: WeCom has sent both CLICK and click) -> how to read it.
_EVENTS: dict[str, Callable[[Fields], Event]] = {
    **dict.fromkeys(_APP_EVENTS, _app_event),
    "change_contact": _change_contact,
    "change_external_contact": _external_contact,
    "change_external_chat": _external_chat,
    "change_external_tag": _external_tag,
    "msgaudit_notify": _msgaudit_notify,
    "upload_media_job_finish": _media_job,
    "kf_msg_or_event": _kf_doorbell,
    "kf_account_auth_change": _kf_account_auth,
}

"""What a decrypted callback, or one item of sync_msg, means: fields in WeCom's spelling to `handlers.event` models.

`_EVENTS` is the whole table of callback kinds. Whatever is genuine and well-formed but not in it, or lacks what its
kind must have, becomes an UnknownEvent with every field kept.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeAlias

from bot.errors import CallbackError
from bot.wecom.wire import clean, read_json, read_xml
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

Fields: TypeAlias = dict[str, Any]

_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "AgentID"})


def parse_event(plaintext: bytes) -> Event:
    """One decrypted XML callback. Raises CallbackError(400) when it cannot be read at all."""
    try:
        fields = read_xml(plaintext)
    except ValueError as error:
        raise CallbackError(str(error), 400) from None
    name = ""
    try:
        msgtype = _text(fields, "MsgType")
        name = _text(fields, "Event") if msgtype == "event" else msgtype or _text(fields, "InfoType")
        build = _EVENTS.get(name.lower()) if msgtype == "event" else _app_message
        if build:
            return build(fields)
    except ValueError:
        pass
    return UnknownEvent(source="callback", name=name, created_at=_second(fields.get("CreateTime")), raw=fields)


def parse_aibot(plaintext: bytes) -> Event:
    """One decrypted JSON callback of an AI bot (100719, 101027). Raises CallbackError(400) when it is not JSON."""
    try:
        fields = clean(read_json(plaintext))
    except ValueError as error:
        raise CallbackError(str(error), 400) from None
    name = str(fields.get("msgtype", ""))
    try:
        return _aibot_event(fields) if name == "event" else _aibot_message(fields)
    except ValueError:
        return UnknownEvent(source="aibot", name=name, created_at=_second(fields.get("create_time")), raw=fields)


def parse_kf_item(item: Fields, open_kfid: str) -> Event:
    """One item of sync_msg's msg_list, pulled for `open_kfid` (94670, 94699). Never raises."""
    name = ""
    try:
        fields = clean(item)
        name = _text(fields, "msgtype")
        return _kf_event(fields, open_kfid) if name == "event" else _kf_message(fields, open_kfid)
    except (ValueError, AttributeError):
        return _unknown_kf_item(item, name)


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
        userid=_required(fields, "FromUserName"),
        agentid=_text(fields, "AgentID"),
        msgid=_required(fields, "MsgId"),
        msgtype=_required(fields, "MsgType"),
        text=_text(fields, "Content"),
        content=content,
        **_common(fields),
    )


def _app_event(fields: Fields) -> Event:
    return AppEvent(
        event=_text(fields, "Event"),
        userid=_text(fields, "FromUserName"),
        agentid=_text(fields, "AgentID"),
        event_key=_text(fields, "EventKey"),
        **_common(fields),
    )


def _change_contact(fields: Fields) -> Event:
    return ChangeContact(change_type=_required(fields, "ChangeType"), userid=_text(fields, "UserID"), **_common(fields))


# customer contact (92130, 96361, 92277)


def _external_contact(fields: Fields) -> Event:
    return ExternalContactChanged(
        change_type=_required(fields, "ChangeType"),
        userid=_text(fields, "UserID"),
        external_userid=_text(fields, "ExternalUserID"),
        state=_text(fields, "State"),
        welcome_code=_text(fields, "WelcomeCode"),
        source=_text(fields, "Source"),
        fail_reason=_text(fields, "FailReason"),
        **_common(fields),
    )


def _external_chat(fields: Fields) -> Event:
    return ExternalChatChanged(
        change_type=_required(fields, "ChangeType"),
        chat_id=_required(fields, "ChatId"),
        update_detail=_text(fields, "UpdateDetail"),
        join_scene=_number(fields, "JoinScene"),
        quit_scene=_number(fields, "QuitScene"),
        mem_change_cnt=_number(fields, "MemChangeCnt"),
        mem_change_list=_texts(_nested(fields, "MemChangeList"), "Item"),
        last_mem_ver=_text(fields, "LastMemVer"),
        cur_mem_ver=_text(fields, "CurMemVer"),
        **_common(fields),
    )


def _external_tag(fields: Fields) -> Event:
    return ExternalTagChanged(
        change_type=_required(fields, "ChangeType"),
        tag_id=_text(fields, "Id"),
        tag_type=_text(fields, "TagType"),
        strategy_id=_text(fields, "StrategyId"),
        **_common(fields),
    )


def _msgaudit_notify(fields: Fields) -> Event:
    return MsgauditNotify(agentid=_text(fields, "AgentID"), **_common(fields))


def _media_job(fields: Fields) -> Event:
    return MediaJobFinished(jobid=_required(fields, "JobId"), **_common(fields))


# 微信客服 (94670, 94699)


def _kf_doorbell(fields: Fields) -> Event:
    return KfDoorbell(open_kfid=_required(fields, "OpenKfId"), token=_text(fields, "Token"), **_common(fields))


def _kf_account_auth(fields: Fields) -> Event:
    return KfAccountAuthChanged(
        added=_texts(fields, "AuthAddOpenKfId"), removed=_texts(fields, "AuthDelOpenKfId"), **_common(fields)
    )


def _kf_message(fields: Fields, open_kfid: str) -> Event:
    msgtype = _required(fields, "msgtype")
    content = _nested(fields, msgtype)
    return KfMessage.model_validate(
        {
            "msgid": _required(fields, "msgid"),
            "open_kfid": _text(fields, "open_kfid") or open_kfid,
            "external_userid": _required(fields, "external_userid"),
            "origin": _number(fields, "origin"),
            "servicer_userid": _text(fields, "servicer_userid"),
            "msgtype": msgtype,
            "text": _text(content, "content"),
            "menu_id": _text(content, "menu_id"),
            "content": content,
            **_kf_common(fields),
        }
    )


_KF_EVENT_TEXTS = (
    "external_userid",
    "servicer_userid",
    "old_servicer_userid",
    "new_servicer_userid",
    "scene",
    "scene_param",
    "welcome_code",
    "msg_code",
    "fail_msgid",
    "recall_msgid",
)
_KF_EVENT_NUMBERS = ("change_type", "status", "fail_type", "reject_switch")


def _kf_event(fields: Fields, open_kfid: str) -> Event:
    event = _nested(fields, "event")
    return KfEvent.model_validate(
        {
            "msgid": _required(fields, "msgid"),
            "open_kfid": _text(event, "open_kfid") or _text(fields, "open_kfid") or open_kfid,
            "event_type": _required(event, "event_type"),
            **{name: _text(event, name) for name in _KF_EVENT_TEXTS},
            **{name: _number(event, name) for name in _KF_EVENT_NUMBERS},
            **_kf_common(fields),
        }
    )


def _kf_common(fields: Fields) -> Fields:
    send_time = _second(fields.get("send_time"))
    return {"send_time": send_time, "created_at": send_time, "raw": fields}


def _unknown_kf_item(item: object, name: str) -> Event:
    try:
        kept = clean(item)
    except ValueError:
        kept = {"nested": "too deeply"}
    return UnknownEvent(source="kf", name=name, raw=kept if isinstance(kept, dict) else {"item": kept})


# 智能机器人 (100719, 101027)


def _aibot_message(fields: Fields) -> Event:
    msgtype = _required(fields, "msgtype")
    content = _nested(fields, msgtype)
    return AibotMessage.model_validate(
        {
            "chattype": _text(fields, "chattype"),
            "msgtype": msgtype,
            "text": _aibot_text(content),
            "content": content,
            **_aibot(fields),
        }
    )


def _aibot_event(fields: Fields) -> Event:
    return AibotEvent(eventtype=_required(_nested(fields, "event"), "eventtype"), **_aibot(fields))


def _aibot(fields: Fields) -> Fields:
    return {
        "msgid": _required(fields, "msgid"),
        "aibotid": _required(fields, "aibotid"),
        "chatid": _text(fields, "chatid"),
        "userid": _required(_nested(fields, "from"), "userid"),
        "response_url": _text(fields, "response_url"),
        "created_at": _second(fields.get("create_time")),
        "raw": fields,
    }


def _aibot_text(content: Fields) -> str:
    """The words of a text or voice message, and of the text parts of a mixed one, one a line."""
    parts = content.get("msg_item")
    if not isinstance(parts, list):
        return _text(content, "content")
    texts = [_nested(part, "text") for part in parts if isinstance(part, dict)]
    return "\n".join(_text(text, "content") for text in texts if text)


# fields


def _common(fields: Fields) -> Fields:
    return {"created_at": _second(fields.get("CreateTime")), "raw": fields}


def _text(fields: Fields, name: str) -> str:
    """ "" when absent; a number as text. Raises ValueError for anything nested."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{name} is not text")


def _required(fields: Fields, name: str) -> str:
    value = _text(fields, name)
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def _nested(fields: Fields, name: str) -> Fields:
    """The object under `name`; empty when there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _number(fields: Fields, name: str) -> int | None:
    value = _text(fields, name)
    return int(value) if value else None


def _texts(fields: Fields, name: str) -> list[str]:
    """One <Item> and many both give a list."""
    value = fields.get(name) or []
    return [value] if isinstance(value, str) else value


def _second(value: object) -> int:
    """A unix second; 0 for none and for what cannot be one."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


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

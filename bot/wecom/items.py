"""What arrives as JSON: the items of kf's sync_msg and the callbacks of AI bots, as `handlers.event` models.

What lacks a field that its kind must have becomes an UnknownEvent with everything kept.
"""

from bot.errors import CallbackError
from bot.wecom.fields import Fields, nested, number, required, second, text
from bot.wecom.wire import clean, read_json
from handlers.event import AibotEvent, AibotMessage, Event, KfEvent, KfMessage, UnknownEvent


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
        return UnknownEvent(source="aibot", name=name, created_at=second(fields.get("create_time")), raw=fields)


def parse_kf_item(item: Fields, open_kfid: str) -> Event:
    """One item of sync_msg's msg_list, pulled for `open_kfid` (94670, 94699). Never raises."""
    name = ""
    try:
        fields = clean(item)
        name = text(fields, "msgtype")
        return _kf_event(fields, open_kfid) if name == "event" else _kf_message(fields, open_kfid)
    except (ValueError, AttributeError):
        return _unknown_kf_item(item, name)


def _kf_message(fields: Fields, open_kfid: str) -> Event:
    msgtype = required(fields, "msgtype")
    content = nested(fields, msgtype)
    return KfMessage.model_validate(
        {
            "msgid": required(fields, "msgid"),
            "open_kfid": text(fields, "open_kfid") or open_kfid,
            "external_userid": required(fields, "external_userid"),
            "origin": number(fields, "origin"),
            "servicer_userid": text(fields, "servicer_userid"),
            "msgtype": msgtype,
            "text": text(content, "content"),
            "menu_id": text(content, "menu_id"),
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
    event = nested(fields, "event")
    return KfEvent.model_validate(
        {
            "msgid": required(fields, "msgid"),
            "open_kfid": text(event, "open_kfid") or text(fields, "open_kfid") or open_kfid,
            "event_type": required(event, "event_type"),
            **{name: text(event, name) for name in _KF_EVENT_TEXTS},
            **{name: number(event, name) for name in _KF_EVENT_NUMBERS},
            **_kf_common(fields),
        }
    )


def _kf_common(fields: Fields) -> Fields:
    send_time = second(fields.get("send_time"))
    return {"send_time": send_time, "created_at": send_time, "raw": fields}


def _unknown_kf_item(item: object, name: str) -> Event:
    try:
        kept = clean(item)
    except ValueError:
        kept = {"nested": "too deeply"}
    return UnknownEvent(source="kf", name=name, raw=kept if isinstance(kept, dict) else {"item": kept})


# 智能机器人 (100719, 101027)


def _aibot_message(fields: Fields) -> Event:
    msgtype = required(fields, "msgtype")
    content = nested(fields, msgtype)
    return AibotMessage.model_validate(
        {
            "chattype": text(fields, "chattype"),
            "msgtype": msgtype,
            "text": _aibot_text(content),
            "content": content,
            **_aibot(fields),
        }
    )


def _aibot_event(fields: Fields) -> Event:
    return AibotEvent(eventtype=required(nested(fields, "event"), "eventtype"), **_aibot(fields))


def _aibot(fields: Fields) -> Fields:
    return {
        "msgid": required(fields, "msgid"),
        "aibotid": required(fields, "aibotid"),
        "chatid": text(fields, "chatid"),
        "userid": required(nested(fields, "from"), "userid"),
        "response_url": text(fields, "response_url"),
        "created_at": second(fields.get("create_time")),
        "raw": fields,
    }


def _aibot_text(content: Fields) -> str:
    """The words of a text or voice message, and of the text parts of a mixed one, one a line."""
    parts = content.get("msg_item")
    if not isinstance(parts, list):
        return text(content, "content")
    written = [nested(part, "text") for part in parts if isinstance(part, dict)]
    return "\n".join(text(each, "content") for each in written if each)

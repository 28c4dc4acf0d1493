"""Where an event stands in line: its lane, how urgent it is, and whether answering it means asking WeCom."""

import hashlib
import json
from datetime import datetime

from handlers import event as e
from storage.inbox import NORMAL, URGENT, NewRow


def to_row(event: e.Event, dedup_key: str, at: datetime | None = None) -> NewRow:
    """The inbox row of an event; `at` is when it may be handled first."""
    return NewRow(
        dedup_key=dedup_key,
        kind=event.kind,
        lane=lane_of(event),
        payload=event.to_json(),
        priority=URGENT if is_urgent(event) else NORMAL,
        is_read=event.is_read,
        available_at=at,
    )


def lane_of(event: e.Event) -> str:
    """Events of one lane are handled in the order they came; lanes do not wait for each other."""
    match event:
        case e.KfDoorbell():
            return f"pull:{event.open_kfid}"
        case e.KfMessage():
            return f"kf:{event.open_kfid}:{event.external_userid}"
        case e.KfEvent():
            return f"kf:{event.open_kfid}:{event.external_userid or '-'}"
        case e.AppMessage() | e.AppEvent():
            return f"app:{event.agentid}:{event.userid}"
        case e.ExternalContactChanged():
            return f"external:{event.userid}:{event.external_userid}"
        case e.ExternalChatChanged():
            return f"chat:{event.chat_id}"
        case e.AibotMessage() | e.AibotEvent():
            return f"aibot:{event.aibotid}:{event.chatid or event.userid}"
        case e.Turn() | e.HandoffDue():
            return f"{event.kind}:{event.conversation_id}"
        case e.ModelDue():
            return f"{event.kind}:{event.call_id}"
        case e.Settled():
            return f"settled:{event.outbox_id}"
        case e.Fetch() | e.Fetched():
            arguments = json.dumps(event.arguments, sort_keys=True).encode()
            return f"{event.kind}:{event.what}:{hashlib.sha256(arguments).hexdigest()[:16]}"
        case _:
            return event.kind


def is_urgent(event: e.Event) -> bool:
    """Events that go before others: a welcome code lives 20 seconds (92137, 95122), an outcome unblocks a customer."""
    match event:
        case e.KfDoorbell() | e.Settled():
            return True
        case e.ExternalContactChanged() | e.KfEvent():
            return bool(event.welcome_code)
        case _:
            return False

"""Everything that can happen to Wanzi, as typed, frozen events that survive a round trip through JSON.

`bot.wecom` builds them from what WeCom sends; the inbox stores `event.to_json()`; handlers read them.
Names of fields are WeCom's own (pages 90238 ff., 94670, 94699, 92130, 101039). `raw` keeps every field as it came, so
nothing is lost when WeCom adds one. `kind` is the discriminator and never changes once released.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    """Base: `created_at` is WeCom's own second (unix); 0 when it sent none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    created_at: int = 0
    raw: dict[str, Any] = Field(default_factory=dict)

    #: True for events whose handling is a read from WeCom made by the worker (a doorbell, a look-up).
    is_read: ClassVar[bool] = False

    def to_json(self) -> str:
        return self.model_dump_json(exclude_defaults=False)


# --- self-built app (90238, 90240)


class AppMessage(_Event):
    """A staff member wrote to the app. `content` holds the msgtype's own fields (media_id, title, …)."""

    kind: Literal["app.message"] = "app.message"
    userid: str
    agentid: str = ""
    msgid: str
    msgtype: str
    text: str = ""
    content: dict[str, Any] = Field(default_factory=dict)


class AppEvent(_Event):
    """subscribe, unsubscribe, enter_agent, click, view, LOCATION, template_card_event, batch_job_result, …"""

    kind: Literal["app.event"] = "app.event"
    event: str
    userid: str = ""
    agentid: str = ""
    event_key: str = ""


class ChangeContact(_Event):
    """The corp's own address book changed (change_contact)."""

    kind: Literal["corp.change_contact"] = "corp.change_contact"
    change_type: str
    userid: str = ""


# --- customer contact (92130, 96361, 92277)


class ExternalContactChanged(_Event):
    """change_external_contact. `change_type` as WeCom spells it (add_external_contact, del_follow_user, …)."""

    kind: Literal["external.contact"] = "external.contact"
    change_type: str
    userid: str = ""
    external_userid: str = ""
    state: str = ""
    welcome_code: str = ""
    source: str = ""
    fail_reason: str = ""


class ExternalChatChanged(_Event):
    """change_external_chat: create, update, dismiss of a customer group."""

    kind: Literal["external.chat"] = "external.chat"
    change_type: str
    chat_id: str
    update_detail: str = ""
    join_scene: int | None = None
    quit_scene: int | None = None
    mem_change_cnt: int | None = None
    mem_change_list: list[str] = Field(default_factory=list)
    last_mem_ver: str = ""
    cur_mem_ver: str = ""


class ExternalTagChanged(_Event):
    """change_external_tag: create, update, delete, shuffle of a corp tag or tag group."""

    kind: Literal["external.tag"] = "external.tag"
    change_type: str
    tag_id: str = ""
    tag_type: str = ""
    strategy_id: str = ""


class MsgauditNotify(_Event):
    """The archive rings: new records can be pulled."""

    kind: Literal["msgaudit.notify"] = "msgaudit.notify"
    agentid: str = ""


class MediaJobFinished(_Event):
    """upload_media_job_finish."""

    kind: Literal["media.job"] = "media.job"
    jobid: str


# --- 微信客服 (94670, 94699)


class KfDoorbell(_Event):
    """kf_msg_or_event: something waits behind sync_msg. `token` lives ten minutes; empty for our own poll."""

    kind: Literal["kf.doorbell"] = "kf.doorbell"
    is_read: ClassVar[bool] = True
    open_kfid: str
    token: str = ""


class KfAccountAuthChanged(_Event):
    """kf_account_auth_change: accounts given to or taken from the app."""

    kind: Literal["kf.account_auth"] = "kf.account_auth"
    added: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)


class KfMessage(_Event):
    """One item of sync_msg that is a message. `origin` 3 customer, 5 servicer in the WeCom client.

    `history`: it was there before Wanzi first read the account; it is kept, and needs no answer from us.
    """

    kind: Literal["kf.message"] = "kf.message"
    msgid: str
    open_kfid: str
    external_userid: str
    send_time: int
    origin: int
    servicer_userid: str = ""
    msgtype: str
    text: str = ""
    menu_id: str = ""
    history: bool = False
    content: dict[str, Any] = Field(default_factory=dict)


class KfEvent(_Event):
    """One item of sync_msg that is an event; `event_type` and fields as in 94699. Absent fields are empty."""

    kind: Literal["kf.event"] = "kf.event"
    msgid: str
    open_kfid: str
    event_type: str
    send_time: int
    external_userid: str = ""
    servicer_userid: str = ""
    old_servicer_userid: str = ""
    new_servicer_userid: str = ""
    change_type: int | None = None
    status: int | None = None
    scene: str = ""
    scene_param: str = ""
    welcome_code: str = ""
    msg_code: str = ""
    fail_msgid: str = ""
    fail_type: int | None = None
    recall_msgid: str = ""
    reject_switch: int | None = None


# --- 智能机器人 (101039 …)


class AibotMessage(_Event):
    """A staff member wrote to the AI bot, alone or in an internal group. `response_url` answers once, for 1 h."""

    kind: Literal["aibot.message"] = "aibot.message"
    msgid: str
    aibotid: str
    chattype: Literal["single", "group"]
    chatid: str = ""
    userid: str
    msgtype: str
    text: str = ""
    response_url: str = ""
    content: dict[str, Any] = Field(default_factory=dict)


class AibotEvent(_Event):
    """enter_chat, template_card_event, feedback_event."""

    kind: Literal["aibot.event"] = "aibot.event"
    msgid: str
    aibotid: str
    eventtype: str
    userid: str = ""
    chatid: str = ""
    response_url: str = ""


# --- anything genuine that we do not know


class UnknownEvent(_Event):
    """Genuine, kept, marked done (design: unknown but genuine events are stored and logged once)."""

    kind: Literal["unknown"] = "unknown"
    source: str
    name: str


# --- our own: what Wanzi tells itself through the inbox


class Turn(_Event):
    """The burst window of a conversation has closed: answer what it holds."""

    kind: Literal["own.turn"] = "own.turn"
    conversation_id: int


class Settled(_Event):
    """An outbox row that asked to hear its outcome is sent, dead, or for ever `unknown`. `response` is WeCom's own.

    `expired`: its time had passed before WeCom said yes.
    """

    kind: Literal["own.settled"] = "own.settled"
    outbox_id: int
    api: str
    ok: bool
    unknown: bool = False
    expired: bool = False
    errcode: int | None = None
    reason: str = ""
    response: dict[str, Any] = Field(default_factory=dict)


class HandoffDue(_Event):
    """Business hours have begun: offer a waiting conversation to a person."""

    kind: Literal["own.handoff_due"] = "own.handoff_due"
    conversation_id: int


class ModelDue(_Event):
    """The language model's time for a turn is over; `call_id` names its row in model_calls."""

    kind: Literal["own.model_due"] = "own.model_due"
    call_id: int


class Fetch(_Event):
    """Ask WeCom or the model something; a `Fetched` brings the answer. `what` names a reader of bot/readers.py."""

    kind: Literal["own.fetch"] = "own.fetch"
    is_read: ClassVar[bool] = True
    what: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Fetched(_Event):
    """What a `Fetch` brought. `ok` is False when WeCom refused for good; `reason` says why.

    `asked_at` (unix seconds): the answer shows WeCom as it was then or later.
    """

    kind: Literal["own.fetched"] = "own.fetched"
    what: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    ok: bool = True
    reason: str = ""
    result: dict[str, Any] = Field(default_factory=dict)
    asked_at: float = 0.0


Event = Annotated[
    AppMessage
    | AppEvent
    | ChangeContact
    | ExternalContactChanged
    | ExternalChatChanged
    | ExternalTagChanged
    | MsgauditNotify
    | MediaJobFinished
    | KfDoorbell
    | KfAccountAuthChanged
    | KfMessage
    | KfEvent
    | AibotMessage
    | AibotEvent
    | UnknownEvent
    | Turn
    | Settled
    | HandoffDue
    | ModelDue
    | Fetch
    | Fetched,
    Field(discriminator="kind"),
]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def event_from_json(text: str) -> Event:
    """Read an event back from the inbox. Raises pydantic.ValidationError on anything else."""
    return _ADAPTER.validate_json(text)

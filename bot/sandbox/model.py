"""The things of the sandbox's world: people, apps, chats. Plain records; rules about them live beside their API."""

import itertools
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

_message_ids = itertools.count(1)


@dataclass
class App:
    """A self-built app. `grants`: which families it may call and hear of ("kf", "externalcontact")."""

    agentid: int
    name: str
    secret: str
    token: str
    encoding_aes_key: str
    callback_url: str = ""
    grants: frozenset[str] = frozenset({"kf", "externalcontact"})


@dataclass
class Aibot:
    aibotid: str
    name: str
    token: str
    encoding_aes_key: str
    callback_url: str = ""


@dataclass
class Staff:
    userid: str
    name: str


@dataclass
class Customer:
    external_userid: str
    nickname: str
    gender: int = 0


@dataclass
class Message:
    """One bubble in any chat. `sender` is an id, `by` one of customer, bot, servicer, staff, event."""

    by: str
    text: str
    time: float
    msgtype: str = "text"
    msgid: str = ""
    sender: str = ""
    via: str = ""  # welcome, mass, robot, appchat, aibot: how an automatic message came here
    menu: dict[str, Any] | None = None
    content: dict[str, Any] | None = None
    status: str = "ok"  # ok, failed, recalled
    id: int = field(default_factory=lambda: next(_message_ids))

    def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id, "msgid": self.msgid, "from": self.by, "msgtype": self.msgtype, "text": self.text,
            "time": self.time, "status": self.status,
        }  # fmt: skip
        extras = {"sender": self.sender, "via": self.via, "menu": self.menu, "content": self.content}
        return shown | {name: value for name, value in extras.items() if value}


@dataclass
class KfSession:
    """One customer at one kf account. `state` is service_state; it begins as 4, "ended or not started"."""

    open_kfid: str
    external_userid: str
    messages: deque[Message]
    state: int = 4
    servicer_userid: str = ""
    last_customer_at: float | None = None
    sent_since: int = 0
    welcomed_at: float | None = None
    entered: dict[str, Any] | None = None
    entered_at: float = 0.0
    coded: set[str] = field(default_factory=set)


@dataclass
class KfAccount:
    """`items` is what sync_msg hands out, oldest first; `dropped` counts those already forgotten."""

    open_kfid: str
    name: str
    servicers: dict[str, int] = field(default_factory=dict)  # userid -> 0 accepting, 1 stopped
    items: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    dropped: int = 0
    sent_msgids: OrderedDict[str, None] = field(default_factory=OrderedDict)
    scenes: set[str] = field(default_factory=set)


@dataclass
class KfCode:
    """A reply code for send_msg_on_event: single use."""

    code: str
    kind: str  # welcome, pool, taken, ended
    session: KfSession
    expires_at: float


@dataclass
class Follow:
    """The relation between one staff member and one customer."""

    userid: str
    external_userid: str
    createtime: int
    state: str = ""
    add_way: int = 1
    remark: str = ""
    description: str = ""
    remark_company: str = ""
    remark_mobiles: list[str] = field(default_factory=list)
    tag_ids: set[str] = field(default_factory=set)
    deleted_by_customer: bool = False
    chatted: bool = False
    last_chat_at: float = 0.0


@dataclass
class WelcomeCode:
    code: str
    userid: str
    external_userid: str
    expires_at: float
    used: bool = False


@dataclass
class Member:
    id: str
    kind: str  # staff or customer
    join_time: int
    join_scene: int = 1
    invitor: str = ""
    state: str = ""


@dataclass
class GroupChat:
    """A customer group. `shown` are the past states groupchat/get still shows: (until, detail)."""

    chat_id: str
    name: str
    owner: str
    create_time: int
    messages: deque[Message]
    members: dict[str, Member] = field(default_factory=dict)
    notice: str = ""
    version: int = 0
    shown: list[tuple[float, dict[str, Any]]] = field(default_factory=list)


@dataclass
class InternalChat:
    """An appchat: a group of the own corp's members made by an app."""

    chatid: str
    name: str
    members: list[str]
    messages: deque[Message]
    owner: str = ""
    agentid: int = 0


@dataclass
class Robot:
    key: str
    name: str
    messages: deque[Message]


@dataclass
class ContactWay:
    """A 联系我 code as its API shows it; `agentid` 0 when the world file made it."""

    config_id: str
    fields: dict[str, Any]
    create_time: int
    agentid: int = 0
    turn: int = 0


@dataclass
class JoinWay:
    config_id: str
    fields: dict[str, Any]
    agentid: int = 0


@dataclass
class Tag:
    id: str
    name: str
    create_time: int
    order: int = 0


@dataclass
class TagGroup:
    group_id: str
    group_name: str
    create_time: int
    order: int = 0
    agentid: int = 0
    tags: dict[str, Tag] = field(default_factory=dict)


@dataclass
class MassTarget:
    """One receiver of a mass message: 0 unsent, 1 sent, 2 not a friend, 3 already got another (93338)."""

    id: str
    status: int = 0
    send_time: int = 0


@dataclass
class MassShare:
    """One staff member's part of a mass message; nothing moves before he confirms."""

    userid: str
    targets: list[MassTarget]
    status: str = "waiting"  # waiting, sent, ignored, cancelled
    send_time: int = 0


@dataclass
class MassTask:
    msgid: str
    agentid: int
    chat_type: str
    text: str
    attachments: list[dict[str, Any]]
    create_time: float
    shares: dict[str, MassShare]
    reminders: list[float] = field(default_factory=list)
    cancelled: bool = False

"""The world: everything the sandbox knows, one lock around it, and the ways it tells others what happened."""

import secrets
import threading
from collections import deque
from typing import Any

from bot.sandbox.callbacks import Deliveries
from bot.sandbox.clock import Clock
from bot.sandbox.envelope import Address, XmlValue, xml
from bot.sandbox.faults import Faults
from bot.sandbox.journal import Journal
from bot.sandbox.media import MediaStore
from bot.sandbox.model import (
    Aibot,
    App,
    ContactWay,
    Customer,
    Follow,
    GroupChat,
    InternalChat,
    JoinWay,
    KfAccount,
    KfCode,
    KfSession,
    MassTask,
    Message,
    Robot,
    Staff,
    TagGroup,
    WelcomeCode,
)
from bot.sandbox.rates import Rates
from bot.sandbox.rules import Rules
from bot.sandbox.tokens import Tokens

APP_RIGHTS = ("kf", "externalcontact")


class World:
    """Take `lock` around any look at or change of what is inside. Closed with `stop()`."""

    def __init__(self, corpid: str, clock: Clock | None = None, rules: Rules | None = None) -> None:
        self.corpid = corpid
        self.clock = clock or Clock()
        self.rules = rules or Rules()
        self.lock = threading.RLock()
        self.journal = Journal(self.rules.events_kept, self.rules.calls_kept)
        self.deliveries = Deliveries(corpid, self.clock, self.rules, self.journal)
        self.tokens = Tokens(self.rules)
        self.faults = Faults()
        self.rates = Rates()
        self.media = MediaStore()
        self.apps: dict[int, App] = {}
        self.aibots: dict[str, Aibot] = {}
        self.staff: dict[str, Staff] = {}
        self.customers: dict[str, Customer] = {}
        self.follows: dict[str, dict[str, Follow]] = {}  # external_userid -> userid -> Follow
        self.welcome_codes: dict[str, WelcomeCode] = {}
        self.kf_accounts: dict[str, KfAccount] = {}
        self.kf_sessions: dict[tuple[str, str], KfSession] = {}
        self.kf_codes: dict[str, KfCode] = {}
        self.kf_tokens: dict[str, float] = {}  # msgtoken -> expires at
        self.private_chats: dict[tuple[str, str], deque[Message]] = {}  # (userid, external_userid)
        self.app_chats: dict[tuple[str, int], deque[Message]] = {}  # (userid, agentid)
        self.aibot_chats: dict[tuple[str, str], deque[Message]] = {}  # (userid, aibotid)
        self.groups: dict[str, GroupChat] = {}
        self.internal_chats: dict[str, InternalChat] = {}
        self.robots: dict[str, Robot] = {}
        self.contact_ways: dict[str, ContactWay] = {}
        self.join_ways: dict[str, JoinWay] = {}
        self.tag_groups: dict[str, TagGroup] = {}
        self.mass_tasks: dict[str, MassTask] = {}
        self.app_messages: dict[str, tuple[int, float, list[Message]]] = {}  # msgid -> agentid, time, bubbles
        self.app_duplicates: dict[str, float] = {}
        self.response_codes: dict[str, tuple[str, str, str, float]] = {}  # code -> aibotid, userid, chatid, expires
        self.oauth_codes: dict[str, tuple[str, str, float, bool]] = {}  # code -> kind, id, expires, used
        self.tickets: dict[str, tuple[str, float]] = {}
        self.slots: list[str] = []
        self.base_url = "https://qyapi.weixin.qq.com"  # where this sandbox is reached, for response_url
        self.wanzi_url = ""
        self.wanzi_api_token = ""

    def now(self) -> float:
        return self.clock.now()

    def chat(self) -> deque[Message]:
        """An empty chat, bounded by the rule."""
        return deque(maxlen=self.rules.messages_kept)

    def new_id(self, prefix: str, size: int = 12) -> str:
        """A fresh opaque id such as WeCom gives out: `prefix` and 2 x `size` hexadecimal digits."""
        return prefix + secrets.token_hex(size)

    def app_address(self, app: App, *, own: bool) -> Address:
        """Where an app's callbacks go; `own` tells whether the event belongs to this very app (AgentID is set)."""
        agentid = app.agentid if own else None
        return Address(app.callback_url, app.token, app.encoding_aes_key, self.corpid, agentid=agentid)

    def aibot_address(self, bot: Aibot) -> Address:
        return Address(bot.callback_url, bot.token, bot.encoding_aes_key, "", is_json=True)

    def tell_apps(self, right: str, what: str, fields: dict[str, XmlValue]) -> None:
        """Send one event to every app that holds `right` ("kf" or "externalcontact")."""
        head: dict[str, XmlValue] = {"ToUserName": self.corpid}
        plain = xml(head | fields).encode()
        for app in self.apps.values():
            if right in app.grants:
                self.deliveries.post(what, self.app_address(app, own=False), plain)

    def tell_contact(self, event: str, fields: dict[str, XmlValue]) -> None:
        """Send change_external_contact, change_external_chat or change_external_tag (92130, 92277)."""
        head: dict[str, XmlValue] = {
            "FromUserName": "sys", "CreateTime": int(self.now()), "MsgType": "event", "Event": event,
        }  # fmt: skip
        self.tell_apps("externalcontact", f"{event}.{fields['ChangeType']}", head | fields)

    def follow(self, userid: str, external_userid: str) -> Follow | None:
        return self.follows.get(external_userid, {}).get(userid)

    def follows_of(self, external_userid: str) -> dict[str, Follow]:
        return self.follows.setdefault(external_userid, {})

    def say(self, chat: str, where: dict[str, Any], messages: deque[Message], message: Message) -> Message:
        """Put a bubble into a chat and tell the page; `chat` is the event's type, `where` its address."""
        messages.append(message)
        self.journal.note(chat, where | {"message": message.view()})
        return message

    def say_private(self, userid: str, external_userid: str, message: Message) -> Message:
        messages = self.private_chats.setdefault((userid, external_userid), self.chat())
        where = {"userid": userid, "external_userid": external_userid}
        return self.say("private_message", where, messages, message)

    def say_app(self, userid: str, agentid: int, message: Message) -> Message:
        messages = self.app_chats.setdefault((userid, agentid), self.chat())
        return self.say("app_message", {"userid": userid, "agentid": agentid}, messages, message)

    def say_aibot(self, userid: str, aibotid: str, message: Message) -> Message:
        messages = self.aibot_chats.setdefault((userid, aibotid), self.chat())
        return self.say("app_message", {"userid": userid, "aibotid": aibotid}, messages, message)

    def say_group(self, group: GroupChat, message: Message) -> Message:
        return self.say("group_message", {"chat_id": group.chat_id}, group.messages, message)

    def say_internal(self, chat: InternalChat, message: Message) -> Message:
        return self.say("internal_message", {"chatid": chat.chatid}, chat.messages, message)

    def stop(self) -> None:
        """End the callback senders."""
        self.deliveries.stop()

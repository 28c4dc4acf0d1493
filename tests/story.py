"""A story: the sandbox, Wanzi's real webhook on a free port, and its worker, one step at a time."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from bot.bootstrap import Engine, begin, open_core, open_engine
from bot.readers import Reader
from bot.sandbox.clock import Clock
from bot.sandbox.server import start_in_thread
from bot.sandbox.threaded import ThreadedServer
from bot.sandbox.world import build_world
from bot.scheduler import tick
from bot.sender import Sender
from bot.settings import load_settings
from bot.web.app import create_app
from bot.worker import Worker
from handlers.brand import Brand
from storage import outbox, tags
from storage.conversations import Conversation
from storage.handoff import Handoff
from storage.messages import Message
from storage.outbox import OutboxRow
from storage.posts import Delivery
from storage.tags import CustomerTag

KEYS = {"token": "tokenForTests", "encoding_aes_key": "A" * 43}
CORPID, AGENTID, SECRET = "wwStory0001", 1000002, "story-secret"
KF = "wkStory"
API_TOKEN = "api-token-for-tests"

WORLD: dict[str, Any] = {
    "corpid": CORPID,
    "staff": [
        {"userid": userid, "name": userid} for userid in ("wangjie", "xiaoli", "aqiang", "linjie", "hejie", "xiaoman")
    ],
    "kf_accounts": [
        {
            "open_kfid": KF,
            "name": "芙屿客服",
            "servicers": [{"userid": "aqiang", "status": 0}, {"userid": "xiaoman", "status": 1}],
        }
    ],
    "customers": [
        {"external_userid": f"wm{number}", "nickname": f"顾客{number}", "follows": []} for number in range(60)
    ],
    "contact_ways": [{"config_id": "cw1", "user": ["xiaoli"], "state": "fy-gz01-xiaoli", "name": "天河店小李"}],
}


class Story:
    """What a scenario test holds. Times are the sandbox's clock, which Wanzi shares."""

    def __init__(
        self, folder: Path, database_url: str, brand: Brand, world: dict[str, Any] | None = None, **settings: str
    ) -> None:
        """`world` replaces keys of WORLD; the groups are the brand's."""
        self.clock_file = folder / "clock"
        self.clock_file.write_text("0")
        groups = [
            {"chat_id": g.address, "name": g.name, "owner": g.owner, "members": [{"id": "wm1", "kind": "customer"}]}
            for g in brand.groups
            if g.kind == "customer"
        ]
        robots = [{"key": g.address, "name": g.name} for g in brand.groups if g.kind == "webhook"]
        self.world = build_world({**WORLD, "groups": groups, "robots": robots, **(world or {})}, Clock(self.clock_file))
        self.sandbox = start_in_thread(self.world)
        self.settings = load_settings(
            environ={
                "WANZI_WECOM__CORPID": CORPID,
                "WANZI_WECOM__AGENTID": str(AGENTID),
                "WANZI_WECOM__SECRET": SECRET,
                "WANZI_WECOM__TOKEN": KEYS["token"],
                "WANZI_WECOM__ENCODING_AES_KEY": KEYS["encoding_aes_key"],
                "WANZI_WECOM__AIBOT_TOKEN": KEYS["token"],
                "WANZI_WECOM__AIBOT_ENCODING_AES_KEY": KEYS["encoding_aes_key"],
                "WANZI_WECOM__API_BASE_URL": f"{self.sandbox.url}/cgi-bin/",
                "WANZI_WECOM__TIMEOUT_S": "2",
                "WANZI_REPLY__BURST_WINDOW_S": "0",
                "WANZI_SERVER__API_TOKEN": API_TOKEN,
                "WANZI_DATABASE_URL": database_url,
                "WANZI_CLOCK_FILE": str(self.clock_file),
                **settings,
            }
        )
        core = open_core(self.settings)
        self.web = ThreadedServer("127.0.0.1", 0, create_app(core))
        self.web.start()
        self.url = f"http://127.0.0.1:{self.web.server_port}"
        self._register(f"{self.url}/wecom/callback", f"{self.url}/wecom/aibot")
        self.brand = brand
        self.engine: Engine = open_engine(core, brand)
        self.database = core.database
        self.restart()
        self.settle()

    def _register(self, callback_url: str, aibot_url: str) -> None:
        from bot.sandbox.model import Aibot, App

        self.world.apps[AGENTID] = App(agentid=AGENTID, name="丸子", secret=SECRET, callback_url=callback_url, **KEYS)
        self.world.aibots["aib1"] = Aibot(aibotid="aib1", name="丸子", callback_url=aibot_url, **KEYS)

    def restart(self) -> None:
        """A new worker, reader and sender, as after a crash; what was leased stays leased."""
        self.worker, self.reader, self.sender = Worker(self.engine), Reader(self.engine), Sender(self.engine)
        self.engine.change(begin)

    def act(self, path: str, **body: Any) -> dict[str, Any]:
        """Somebody does something in WeCom (the sandbox's control API)."""
        answer = requests.post(f"{self.sandbox.url}/control/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def settle(self, rounds: int = 60) -> None:
        """Let callbacks arrive and Wanzi work until nothing more happens. The clock stands still by itself."""
        for _ in range(rounds):
            self.arrive()
            now = self.engine.core.clock.now()
            worked = self.reader.run_once(now) + self.worker.run_once(now) + self.sender.run_once(now)
            if not worked and self.world.deliveries.pending() == 0:
                return
        raise AssertionError("Wanzi does not come to rest")

    def arrive(self) -> None:
        """Wait until every callback under way has been answered."""
        deadline = time.monotonic() + 10
        while self.world.deliveries.pending() and time.monotonic() < deadline:
            time.sleep(0.002)

    def tick(self) -> None:
        """The scheduler's tick, then rest."""
        tick(self.engine)
        self.settle()

    def advance(self, **duration: float) -> None:
        """Move the clock of sandbox and bot, and let the bot look at it again."""
        self.world.clock.advance(timedelta(**duration).total_seconds())
        self.engine.core.clock._looked_at = 0.0  # it would look five times a second by itself

    def go_to(self, clock: str, isoweekday: int = 2) -> None:
        """Move on to the next such weekday (1 Monday) that is no holiday, at a local time such as "10:00"."""
        local = self.now().astimezone(self.brand.zone)
        hour, minute = map(int, clock.split(":"))
        to = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        while to <= local or to.isoweekday() != isoweekday or to.date() in self.brand.hours.holidays:
            to += timedelta(days=1)
        self.advance(seconds=(to - local).total_seconds())

    def now(self) -> datetime:
        return self.engine.core.clock.now()

    def customer_says(self, who: str, text: str, **content: Any) -> str:
        """A customer writes to the kf account, and everything that follows happens. Returns the msgid."""
        answer = self.act("customer/write", external_userid=who, open_kfid=KF, text=text, **content)
        self.settle()
        return str(answer["msgid"])

    def kf_chat(self, who: str) -> list[dict[str, Any]]:
        """The kf conversation as the customer's phone shows it."""
        world = requests.get(f"{self.sandbox.url}/control/world", timeout=10).json()
        found = [s["messages"] for s in world["kf_sessions"] if s["external_userid"] == who]
        return found[0] if found else []

    def answers(self, who: str) -> list[str]:
        """What the bot has said to a customer, in order."""
        return [shown(message) for message in self.kf_chat(who) if message["from"] == "bot"]

    def snapshot(self) -> dict[str, Any]:
        """The sandbox's whole visible state."""
        found: dict[str, Any] = requests.get(f"{self.sandbox.url}/control/world", timeout=10).json()
        return found

    def calls(self, api: str) -> list[dict[str, Any]]:
        """The calls of an API that the sandbox has seen."""
        answer = requests.get(f"{self.sandbox.url}/control/calls", params={"api": api}, timeout=10).json()
        found: list[dict[str, Any]] = answer["calls"] if isinstance(answer, dict) else answer
        return found

    def rows(self, api: str) -> list[OutboxRow]:
        """The outbox rows of an API, in order."""
        with self.database.read() as db:
            found = list(db.scalars(select(OutboxRow).where(OutboxRow.api == api).order_by(OutboxRow.id)))
            db.expunge_all()
            return found

    def why(self, text: str) -> dict[str, Any]:
        """The ledger's `why` of the newest row whose body holds a text."""
        with self.database.read() as db:
            found = db.scalars(
                select(OutboxRow).where(OutboxRow.payload.contains(text)).order_by(OutboxRow.id.desc())
            ).first()
            assert found is not None, text
            told: dict[str, Any] = json.loads(found.why)
            return told

    def tags(self, who: str) -> dict[str, CustomerTag]:
        """The tags a customer has, by name."""
        with self.database.read() as db:
            found = {tag.tag: tag for tag in tags.of_customer(db, who)}
            db.expunge_all()
            return found

    def handoffs(self) -> list[Handoff]:
        """All hand-offs, oldest first."""
        with self.database.read() as db:
            found = list(db.scalars(select(Handoff).order_by(Handoff.id)))
            db.expunge_all()
            return found

    def deliveries(self) -> list[Delivery]:
        """All deliveries of posts, by due time."""
        with self.database.read() as db:
            found = list(db.scalars(select(Delivery).order_by(Delivery.due_at, Delivery.address)))
            db.expunge_all()
            return found

    def conversation(self, who: str) -> Conversation:
        """The kf conversation of a customer, as the ledger has it."""
        with self.database.read() as db:
            found = db.scalars(select(Conversation).where(Conversation.account == KF, Conversation.peer == who)).one()
            db.expunge_all()
            return found

    def messages(self, who: str) -> list[Message]:
        """What the ledger recorded of a customer's kf conversation."""
        with self.database.read() as db:
            found = list(
                db.scalars(
                    select(Message)
                    .join(Conversation, Conversation.id == Message.conversation_id)
                    .where(Conversation.peer == who)
                    .order_by(Message.id)
                )
            )
            db.expunge_all()
            return found

    def session(self, who: str) -> dict[str, Any]:
        """The 客服会话 as WeCom has it: service_state and servicer_userid."""
        found: dict[str, Any] = next(s for s in self.snapshot()["kf_sessions"] if s["external_userid"] == who)
        return found

    def fault(self, api: str, kind: str, **how: Any) -> None:
        """Let calls go wrong: see bot/sandbox/faults.py."""
        self.act("faults", api=api, kind=kind, **how)

    def mend(self) -> None:
        """No faults any more."""
        requests.delete(f"{self.sandbox.url}/control/faults", timeout=10).raise_for_status()

    def says(self, key: str, **facts: str) -> set[str]:
        """Everything the persona may say for a phrase key."""
        return {variant.format(**facts) for variant in self.brand.persona.phrases[key]}

    def dead(self) -> list[str]:
        """What could not be sent, with the reasons."""
        with self.database.read() as db:
            return [f"{row.api}: {row.reason}" for row in outbox.stuck(db)]

    def close(self) -> None:
        self.web.close()
        self.sandbox.stop()
        self.engine.client.close()
        self.database.close()


def shown(message: dict[str, Any]) -> str:
    """A message of the sandbox as words, menus included."""
    menu = message.get("menu")
    if menu:
        return "\n".join([menu["head"], *(item["content"] for item in menu["items"])])
    return str(message["text"])

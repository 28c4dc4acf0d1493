"""Design §4.6: after a claim is confirmed no bot message leaves, however claim, generation and sending interleave."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.bootstrap import Engine
from bot.queue import Bell
from bot.sender import Outcome, Sender
from handlers.context import Context, HandoffRules, Rules
from handlers.errors import Refused
from handlers.hand_over import takeover
from storage import conversations, outbox
from storage.base import utc
from storage.conversations import KF
from storage.database import Database
from storage.outbox import NewCall, OutboxRow
from storage.schema import Base
from tests.story import Story

CONVERSATIONS = 10_000
ROUNDS = 16
START = utc(1_800_000_000)
RULES = Rules(
    agentid=1,
    burst_window_s=0,
    posts_grace_s=900,
    posts_catch_up_s=14400,
    model="",
    model_timeout_s=1,
    model_daily_tokens=0,
    handoff=HandoffRules(alert_from=2, alert_repeat_s=300, alert_most=6, overdue_s=(9, 9, 9, 9), hush_days=30),
)


@pytest.fixture
def memory() -> Iterator[Database]:
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


class Rehearsal:
    """Many conversations in one ledger. In each round every one of them may take any step, or none."""

    def __init__(self, database: Database, brand: Any, seed: int) -> None:
        self.rng = random.Random(seed)
        self.database, self.brand = database, brand
        settings = SimpleNamespace(wecom=SimpleNamespace(timeout_s=5.0))
        core = SimpleNamespace(database=database, bell=Bell(), settings=settings)
        self.sender = Sender(cast(Engine, SimpleNamespace(core=core)), threads=8)
        self.now = START
        self.flying: list[OutboxRow] = []
        self.landed: list[OutboxRow] = []
        self.claimed: set[int] = set()
        self.confirmed: set[int] = set()
        self.arrived: set[int] = set()
        self.traces: dict[int, str] = defaultdict(str)
        self.late: list[int] = []

    def context(self, db: Any) -> Context:
        return Context(db=db, now=self.now, brand=self.brand, rules=RULES)

    def open(self, count: int) -> None:
        with self.database.write() as db:
            for number in range(count):
                known = conversations.open_(db, KF, "wk", f"wm{number}", self.now)
                known.last_customer_at = known.heard_at = self.now
            db.flush()
        self.ids = list(range(1, count + 1))

    def some(self, share: float) -> list[int]:
        return [i for i in self.ids if self.rng.random() < share]

    def generate(self) -> None:
        """A handler answers: one transaction that looks at the mode and queues."""
        with self.database.write() as db:
            for number in self.some(0.12):
                known = conversations.get(db, number)
                if known.mode == "human":
                    continue
                body = {"touser": known.peer, "open_kfid": "wk", "msgtype": "text", "text": {"content": "嗯"}}
                outbox.put(
                    db,
                    NewCall("kf/send_msg", body, known.lane, conversation_id=number, epoch=known.epoch),
                    self.now,
                )
                self.traces[number] += "g"

    def take_and_note(self) -> None:
        """The sender notes what came back and takes what may go, in one commit."""
        done = [row for row in self.landed if self.rng.random() < 0.6]
        self.landed = [row for row in self.landed if row not in done]
        outcomes = [Outcome(row, {"errcode": 0}) for row in done]
        taken = self.sender._turn_over(outcomes, self.now, self.rng.randrange(1, 1200))
        for row in done:
            self.traces[cast(int, row.conversation_id)] += "n"
        for row in taken:
            self.traces[cast(int, row.conversation_id)] += "t"
        self.flying += taken

    def send(self) -> None:
        """The call reaches WeCom at some moment; some senders die before, some after."""
        still = []
        for row in self.flying:
            number, chance = cast(int, row.conversation_id), self.rng.random()
            if chance < 0.55:
                self.traces[number] += "s" if row.id not in self.arrived else "r"  # WeCom refuses a repeated msgid
                if number in self.confirmed and row.id not in self.arrived:
                    self.late.append(number)
                self.arrived.add(row.id)
                if chance > 0.05:
                    self.landed.append(row)
            elif chance > 0.6:
                still.append(row)
        self.flying = still

    def claim(self) -> None:
        with self.database.write() as db:
            ctx = self.context(db)
            for number in self.some(0.12):
                if number not in self.claimed:
                    self.claimed.add(number)
                    self.traces[number] += "C"
                    if takeover.claim(ctx, number, "wangjie"):
                        self.confirm(number)

    def poll(self) -> None:
        with self.database.write() as db:
            ctx = self.context(db)
            for number in self.claimed - self.confirmed:
                if takeover.is_confirmed(ctx, number):
                    self.confirm(number)

    def confirm(self, number: int) -> None:
        self.confirmed.add(number)
        self.traces[number] += "K"

    def wait(self) -> None:
        """Time passes; what is still in somebody's hands has answered long before its lease runs out."""
        self.now += timedelta(seconds=1)

    def outlast_leases(self) -> None:
        """What died is found: no living sender holds a row that long."""
        self.send()
        self.flying = []
        self.now += timedelta(seconds=61)


@pytest.mark.timeout(120)
def test_ten_thousand_interleavings_send_nothing_after_the_confirmation(memory: Database, brand: Any) -> None:
    told = Rehearsal(memory, brand, seed=20261122)
    told.open(CONVERSATIONS)
    steps = [told.generate, told.take_and_note, told.send, told.claim, told.poll, told.wait]
    for number in range(ROUNDS):
        told.rng.shuffle(steps)
        for step in steps:
            step()
        if number % 6 == 5:
            told.outlast_leases()
    while told.claimed - told.confirmed:
        told.take_and_note()
        told.outlast_leases()
        told.poll()

    assert [told.traces[number] for number in told.late] == []
    assert len(told.confirmed) > CONVERSATIONS * 0.8
    orders = Counter(told.traces.values())
    assert len(orders) > 500
    assert any("s" in order.partition("C")[2].partition("K")[0] for order in orders)  # under way when claimed
    with memory.read() as db:
        states = Counter(db.query(OutboxRow.state).all())
    assert {state for (state,) in states} >= {"sent", "withdrawn"}


def act(story: Story, what: Any, userid: str) -> Any:
    found: list[Any] = []
    number = story.conversation("wm1").id
    story.engine.change(lambda ctx: found.append(what(ctx, number, userid)))
    return found[0]


def test_a_claim_withdraws_the_answer_that_waits_and_silences_the_bot(story: Story) -> None:
    story.fault("kf/send_msg", "busy")
    story.customer_says("wm1", "包邮吗")
    assert act(story, takeover.claim, "wangjie")
    story.mend()
    story.advance(seconds=60)
    story.customer_says("wm1", "几天能到")

    assert story.answers("wm1") == []
    assert [row.state for row in story.rows("kf/send_msg")] == ["withdrawn"]
    assert [m.text for m in story.messages("wm1") if m.author == "customer"] == ["包邮吗", "几天能到"]


def test_a_claim_is_not_confirmed_while_a_message_is_on_its_way(story: Story) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid="wkStory", text="包邮吗")
    story.arrive()
    while story.reader.run_once(story.now()) or story.worker.run_once(story.now()):
        pass
    (row,) = story.sender._turn_over([], story.now(), 8)

    assert act(story, takeover.claim, "wangjie") is False
    story.sender._turn_over([story.sender.call(row, story.now())], story.now(), 0)
    assert act(story, lambda ctx, number, _: takeover.is_confirmed(ctx, number), "") is True
    assert len(story.answers("wm1")) == 1


def test_a_second_person_is_told_who_serves_and_may_neither_claim_nor_release(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    act(story, takeover.claim, "wangjie")

    for what in (takeover.claim, takeover.release):
        with pytest.raises(Refused) as refused:
            act(story, what, "linjie")
        assert refused.value.reason == "王姐正在接待"


def test_after_the_release_the_bot_answers_again(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    act(story, takeover.claim, "wangjie")
    story.customer_says("wm1", "几天能到")
    act(story, takeover.release, "wangjie")
    story.customer_says("wm1", "退货")

    answers = story.answers("wm1")
    assert len(answers) == 2
    assert story.brand.knowledge.entries["K020"].answer in answers[-1]


def test_a_claim_survives_a_restart_and_a_cut_off_message(story: Story) -> None:
    story.act("customer/write", external_userid="wm1", open_kfid="wkStory", text="包邮吗")
    story.arrive()
    while story.reader.run_once(story.now()) or story.worker.run_once(story.now()):
        pass
    story.sender._turn_over([], story.now(), 8)  # taken, and the process dies before the call
    assert act(story, takeover.claim, "wangjie") is False
    story.restart()
    story.advance(seconds=61)
    story.settle()

    assert act(story, lambda ctx, number, _: takeover.is_confirmed(ctx, number), "") is True
    assert story.answers("wm1") == []

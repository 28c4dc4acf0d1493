"""Comparing what WeCom's people saw with what the ledger says: each message recorded once, each answered once."""

import json
from collections import Counter, defaultdict
from itertools import groupby

from sqlalchemy import func, select

from storage import inbox, outbox
from storage.conversations import Conversation
from storage.inbox import InboxRow
from storage.messages import CUSTOMER, Message
from storage.outbox import OutboxRow
from tests.scenarios.crash_rig import CUSTOMERS, STAFF, Rig


class Books:
    """The whole ledger of a rig at rest."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        with rig.database.read() as db:
            self.inbox = {row.id: row for row in db.scalars(select(InboxRow))}
            self._outbox = list(db.scalars(select(OutboxRow).order_by(OutboxRow.id)))
            messages = list(db.scalars(select(Message).where(Message.author == CUSTOMER).order_by(Message.id)))
            peers = {row.id: row.peer for row in db.scalars(select(Conversation))}
            db.expunge_all()
        self.recorded: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            self.recorded[peers[message.conversation_id]].append(message)

    def check_settled(self) -> None:
        """Everything is done, nothing is dead, unknown or withdrawn."""
        assert Counter(row.state for row in self.inbox.values()) == {"done": len(self.inbox)}
        unsent = [f"{row.api} {row.state}: {row.reason}" for row in self._outbox if row.state != "sent"]
        assert unsent == [], unsent[:3]

    def check_recorded_once(self) -> None:
        """Every message that was written stands in the messages table exactly once, a customer's in order."""
        for who in CUSTOMERS:
            written = [bubble.msgid for bubble in self._rig.kf_chat(who) if bubble.by == "customer"]
            assert [message.msgid for message in self.recorded[who]] == written, who
        for userid in STAFF:
            written = [bubble.msgid for bubble in self._rig.app_chat(userid) if bubble.by == "staff"]
            assert sorted(message.msgid for message in self.recorded[userid]) == sorted(written), userid

    def check_each_message_answered_once(self) -> None:
        """Without a burst window: one answer to each message, in the order of the messages."""
        for who in CUSTOMERS:
            asked = [message.msgid for message in self.recorded[who]]
            assert [self._cause_of(msgid) for msgid in self._said_to(who)] == asked, who
        for userid in STAFF:
            rows = self._rows_to_staff(userid)
            assert [self._message_behind(row) for row in rows] == [m.msgid for m in self.recorded[userid]], userid
            assert self._shown_to(userid) == [row.body["text"]["content"] for row in rows], userid

    def check_each_turn_answered_once(self) -> None:
        """With a burst window: one answer to all that was answered together, in the order of the turns."""
        for who in CUSTOMERS:
            turns = [at for at, _ in groupby(self.recorded[who], key=lambda message: message.answered_at)]
            causes = [self._row_of(msgid).cause_id for msgid in self._said_to(who)]
            assert [self.inbox[cause or 0].done_at for cause in causes] == turns, who
        for userid in STAFF:
            turns = [at for at, _ in groupby(self.recorded[userid], key=lambda message: message.answered_at)]
            rows = self._rows_to_staff(userid)
            assert [self.inbox[row.cause_id or 0].done_at for row in rows] == turns, userid
            assert self._shown_to(userid) == [row.body["text"]["content"] for row in rows], userid

    def _said_to(self, who: str) -> list[str]:
        return [bubble.msgid for bubble in self._rig.kf_chat(who) if bubble.by == "bot"]

    def _shown_to(self, userid: str) -> list[str]:
        return [bubble.text for bubble in self._rig.app_chat(userid) if bubble.by == "bot"]

    def _rows_to_staff(self, userid: str) -> list[OutboxRow]:
        return [row for row in self._outbox if row.api == "message/send" and row.body["touser"] == userid]

    def _row_of(self, msgid: str) -> OutboxRow:
        return next(row for row in self._outbox if row.msgid == msgid)

    def _cause_of(self, msgid: str) -> str:
        return self._message_behind(self._row_of(msgid))

    def _message_behind(self, row: OutboxRow) -> str:
        return str(json.loads(self.inbox[row.cause_id or 0].payload)["msgid"])


def is_quiet(rig: Rig) -> bool:
    """Whether no callback is under way, no message is waiting at WeCom, and no row is open."""
    if rig.world.deliveries.pending():
        return False
    with rig.database.read() as db:
        recorded = db.scalar(select(func.count()).select_from(Message).where(Message.author == CUSTOMER)) or 0
        still_open = inbox.depth(db)[0] + outbox.depth(db)[0]
    return still_open == 0 and recorded >= count_written(rig)


def count_written(rig: Rig) -> int:
    """How many messages customers and staff have written."""
    kf = sum(bubble.by == "customer" for who in CUSTOMERS for bubble in rig.kf_chat(who))
    return kf + sum(bubble.by == "staff" for userid in STAFF for bubble in rig.app_chat(userid))

"""Whether a row may go out now: its time, the takeover, and what WeCom allows in a 客服会话, judged before sending."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from storage import conversations, outbox
from storage.outbox import OutboxRow

KF_REPLY_LIMIT = 5  # messages per customer message (94677)
KF_REPLY_WINDOW = timedelta(hours=48)  # since the customer's last message (94677)
BOT_STATES = (0, 1)  # service_state in which the API may send (94669)
SEND = "kf/send_msg"
EXPIRED = "expired: too late to be of use"


@dataclass(frozen=True)
class Verdict:
    """Why a row does not go out: withdrawn (a person serves), dead, or unknown (an earlier try was cut off)."""

    state: str
    reason: str


#: A handler has the conversation in hand: wait for what it decides.
BUSY = Verdict("pending", "the conversation is being handled")


def judge(db: Session, row: OutboxRow, now: datetime) -> Verdict | None:
    """None when the row may go out. A row in doubt may: WeCom refuses what it has, and a window that closed."""
    if row.expires_at is not None and row.expires_at <= now:
        return Verdict("unknown" if row.doubtful else "dead", EXPIRED)
    if row.conversation_id is None or row.author == "system":
        return None
    conversation = conversations.find_free(db, row.conversation_id)
    if conversation is None:
        return BUSY
    if row.author == "bot" and (conversation.epoch != row.epoch or conversation.mode == "human"):
        return Verdict("withdrawn", "a person has taken the conversation")
    if row.api != SEND or row.doubtful:
        return None
    if conversation.service_state not in BOT_STATES:
        return Verdict("withdrawn", f"service_state {conversation.service_state}: WeCom lets only a servicer speak")
    since = conversation.last_customer_at
    if since is None or now - since > KF_REPLY_WINDOW:
        return Verdict("dead", "the customer has not written for 48 hours (95002)")
    if outbox.count_sent_since(db, conversation.id, conversation.heard_at or since, SEND) >= KF_REPLY_LIMIT:
        return Verdict("dead", "five messages since the customer's last one (95001)")
    return None

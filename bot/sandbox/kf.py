"""微信客服: the rules of one session, shared by the API and by what customers and servicers do (94669, 94677, 95122).

Everything here runs under the world's lock.
"""

import secrets
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from bot.sandbox.envelope import XmlValue
from bot.sandbox.model import KfAccount, KfCode, KfSession, Message
from bot.sandbox.refusal import Refusal
from bot.sandbox.state import World

NEW, ASSISTANT, POOL, HUMAN, ENDED = range(5)  # service_state (94669)

REPLY_LIMIT = 5  # per customer message (94677)
REPLY_WINDOW_S = 48 * 3600  # after the customer's last message (94677)
TOKEN_LIFE_S = 600  # the doorbell's Token (94670)
HISTORY_S = 3 * 24 * 3600  # how far back sync_msg reaches (94670)

#: transitions by API that the page settles; the rest is in Rules.kf_trans
TRANSITIONS = frozenset({(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (3, 3), (3, 4)})


@dataclass(frozen=True)
class CodeRule:
    """What a reply code allows: seconds it lives, message types, the state the session must still be in (95122)."""

    life_s: float
    msgtypes: frozenset[str]
    state: int | None


CODE_RULES = {
    "welcome": CodeRule(20, frozenset({"text", "msgmenu"}), None),
    "pool": CodeRule(REPLY_WINDOW_S, frozenset({"text"}), POOL),
    "taken": CodeRule(REPLY_WINDOW_S, frozenset({"text"}), HUMAN),
    "ended": CodeRule(20, frozenset({"text", "msgmenu"}), ENDED),
}


def session_of(world: World, open_kfid: str, external_userid: str) -> KfSession:
    """The session, made on first sight (state 4: not started)."""
    key = (open_kfid, external_userid)
    session = world.kf_sessions.get(key)
    if session is None:
        session = world.kf_sessions[key] = KfSession(open_kfid, external_userid, world.chat())
    return session


def lapse(session: KfSession, now: float) -> None:
    """A consultation lasts 48 h from the customer's last message; then it has ended by itself (94669)."""
    last = session.last_customer_at
    if session.state != ENDED and last is not None and now - last > REPLY_WINDOW_S:
        session.state, session.servicer_userid = ENDED, ""


def move(world: World, session: KfSession, state: int, servicer_userid: str = "") -> None:
    """Put the session into a state and tell the page."""
    session.state, session.servicer_userid = state, servicer_userid
    world.journal.note(
        "kf_session",
        {
            "open_kfid": session.open_kfid,
            "external_userid": session.external_userid,
            "service_state": state,
            "servicer_userid": servicer_userid,
        },
    )


def check_may_send(session: KfSession, now: float) -> None:
    """Raises Refusal when send_msg is not allowed: 95002 over 48 h, 95013 ended, 95018 wrong state, 95001 count."""
    last = session.last_customer_at
    if last is not None and now - last > REPLY_WINDOW_S:
        raise Refusal(95002, "send msg time limit: over 48 hours")
    if session.state == ENDED:
        raise Refusal(95013, "conversation end")
    if session.state not in (NEW, ASSISTANT):
        raise Refusal(95018, "send msg session status invalid")
    if session.sent_since >= REPLY_LIMIT:
        raise Refusal(95001, "send msg count limit")


def check_transition(world: World, session: KfSession, state: int, servicer_userid: str) -> None:
    """Raises Refusal 95016 for a change of state the API may not make; 3 -> 3 needs another servicer."""
    step = (session.state, state)
    allowed = step in TRANSITIONS or world.rules.kf_trans.get(f"{step[0]}->{step[1]}", False)
    if not allowed or (step == (HUMAN, HUMAN) and servicer_userid == session.servicer_userid):
        raise Refusal(95016, f"not allow service_state change from {step[0]} to {step[1]}")


def mint_code(world: World, session: KfSession, kind: str, now: float) -> str:
    """A single-use reply code of a kind in CODE_RULES."""
    if len(world.kf_codes) > 10_000:
        world.kf_codes = {c.code: c for c in world.kf_codes.values() if now < c.expires_at}
    made = KfCode(secrets.token_urlsafe(24), kind, session, now + CODE_RULES[kind].life_s)
    world.kf_codes[made.code] = made
    return made.code


def first_code(world: World, session: KfSession, kind: str, now: float) -> str | None:
    """A code only for the first such change of a consultation (94669)."""
    if kind in session.coded:
        return None
    session.coded.add(kind)
    return mint_code(world, session, kind, now)


def start_consultation(world: World, session: KfSession) -> None:
    session.coded.clear()
    move(world, session, NEW)


def say(world: World, session: KfSession, message: Message) -> Message:
    """Show a bubble in the customer's kf chat."""
    where = {"open_kfid": session.open_kfid, "external_userid": session.external_userid}
    return world.say("kf_message", where, session.messages, message)


def push(world: World, account: KfAccount, item: dict[str, Any], now: float) -> str:
    """Put an item behind sync_msg and ring the doorbell. Returns the item's msgid."""
    msgid = world.new_id("4gw7", 10)
    account.items.append((now, {"msgid": msgid, "send_time": int(now)} | item))
    surplus = len(account.items) - world.rules.kf_items_kept
    if surplus > world.rules.kf_items_kept // 10:
        del account.items[:surplus]
        account.dropped += surplus
    ring(world, account, now)
    return msgid


def push_event(world: World, account: KfAccount, event_type: str, fields: dict[str, Any], now: float) -> str:
    """An event item: its ids sit inside `event`, not at the top (94670)."""
    event = {"event_type": event_type, "open_kfid": account.open_kfid} | fields
    return push(world, account, {"origin": 4, "msgtype": "event", "event": event}, now)


def ring(world: World, account: KfAccount, now: float) -> None:
    """kf_msg_or_event: no FromUserName, no MsgId, a Token for ten minutes (94670)."""
    if len(world.kf_tokens) > 50_000:
        world.kf_tokens = {token: until for token, until in world.kf_tokens.items() if now < until}
    token = "ENC" + secrets.token_urlsafe(32)
    world.kf_tokens[token] = now + TOKEN_LIFE_S
    fields: dict[str, XmlValue] = {"CreateTime": int(now), "MsgType": "event", "Event": "kf_msg_or_event"}
    world.tell_apps("kf", "kf_msg_or_event", fields | {"Token": token, "OpenKfId": account.open_kfid})


def oldest_index(account: KfAccount, now: float) -> int:
    """Absolute index of the oldest item sync_msg may still hand out."""
    return account.dropped + bisect_left(account.items, now - HISTORY_S, key=lambda entry: entry[0])

"""Welcome: a new contact, or a customer who opens the kf account, hears from us while the code lives (20 s)."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from handlers import contacts as profiles
from handlers import tagging
from handlers.answers.gate import blocked
from handlers.answers.hush import takes_no_offers
from handlers.brand import LiveCode
from handlers.context import Context
from handlers.event import Event, ExternalContactChanged, KfEvent
from handlers.say import phrase, say_by_code, trace
from handlers.tags import corp_tags
from handlers.wording import word
from persona import compose
from storage import contacts, conversations, outbox
from storage.base import utc
from storage.conversations import KF
from storage.corp_tags import forget_marks
from storage.tags import Gain

log = structlog.get_logger()

WELCOME_CODE_LIFE = timedelta(seconds=20)  # 92137 and 95122
WELCOME_TEXT_BYTES = 4000  # text.content of send_welcome_msg (92137)
ADDED = frozenset({"add_external_contact", "add_half_external_contact"})


def on_contact(event: Event, ctx: Context) -> bool:
    """A contact between a staff member and a customer began, changed or ended (96361)."""
    if not isinstance(event, ExternalContactChanged):
        return False
    userid, external_userid = event.userid, event.external_userid
    match event.change_type:
        case "add_external_contact" | "add_half_external_contact":
            _added(ctx, event)
        case "msg_audit_approved":
            _send_welcome(ctx, event)
        case "edit_external_contact":
            profiles.look_up(ctx, event.external_userid)
        case "del_external_contact":
            contacts.unfollow(ctx.db, userid, external_userid, "staff", _happened_at(ctx, event))
            forget_marks(ctx.db, userid, external_userid)
        case "del_follow_user":
            contacts.unfollow(ctx.db, userid, external_userid, "customer", _happened_at(ctx, event))
    return True


def _added(ctx: Context, event: ExternalContactChanged) -> None:
    customer = contacts.open_(ctx.db, event.external_userid, ctx.now)
    contacts.follow(ctx.db, event.userid, event.external_userid, event.state, _happened_at(ctx, event))
    forget_marks(ctx.db, event.userid, event.external_userid)
    if event.state and not customer.first_state:
        customer.first_state = event.state
    _send_welcome(ctx, event)
    if event.state:
        _tag_channel(ctx, event.external_userid, event.state, {"state": event.state, "userid": event.userid})
    corp_tags.show_all(ctx, event.external_userid, event.userid)
    profiles.look_up(ctx, event.external_userid)


def _happened_at(ctx: Context, event: ExternalContactChanged) -> datetime:
    return utc(event.created_at) if event.created_at else ctx.now


def _send_welcome(ctx: Context, event: ExternalContactChanged) -> None:
    if not event.welcome_code:
        return
    code = ctx.brand.live_codes.get(event.state)
    why = trace("welcome", f"state:{event.state or '-'}", live_code=code.channel if code else "")
    text = _let_out(ctx, _contact_texts(ctx, event, code), why)
    if text is None:
        return
    ctx.call(
        outbox.NewCall(
            api="externalcontact/send_welcome_msg",
            payload={"welcome_code": event.welcome_code, "text": {"content": text}},
            lane=f"welcome:{event.welcome_code}",
            dedup_key=f"welcome:{event.welcome_code}",
            msgid=event.welcome_code[:80],
            why=why,
            priority=outbox.FAST,
            author="system",
            expires_at=_code_dies_at(ctx, event.created_at),
        )
    )


def _contact_texts(ctx: Context, event: ExternalContactChanged, code: LiveCode | None) -> list[str]:
    """The code's own welcome, and the persona's."""
    member = ctx.brand.staff.get(event.userid)
    store = ctx.brand.stores.get((code.store if code else "") or (member.store if member else ""))
    facts = {"clerk": member.name if member else ctx.brand.persona.name, "store": store.name if store else ""}
    own = code.welcome.replace("{clerk}", facts["clerk"]).replace("{store}", facts["store"]) if code else ""
    usual = compose.say(ctx.brand.persona, "welcome_contact", f"{event.external_userid}:{event.userid}", **facts)
    return [compose.split_text(text, WELCOME_TEXT_BYTES)[0] for text in (own, usual) if text]


def _let_out(ctx: Context, texts: list[str], why: dict[str, Any]) -> str | None:
    """The first text that the gates let out; its facts are the brand's own. What was wrong with others is noted."""
    for text in texts:
        block = blocked(ctx, text, why, [text])
        if block is None:
            return text
        why["gate"] = block.told()
        log.warning("blocked", gate=block.gate, cause_id=ctx.cause_id)
    return None


def _code_dies_at(ctx: Context, created_at: int) -> datetime:
    return min(utc(created_at) if created_at else ctx.now, ctx.now) + WELCOME_CODE_LIFE


def on_enter_session(event: Event, ctx: Context) -> bool:
    """A customer opened the kf account; WeCom gives a welcome_code when nothing was said for 48 h (94670)."""
    if not isinstance(event, KfEvent) or event.event_type != "enter_session":
        return False
    contacts.open_(ctx.db, event.external_userid, ctx.now)
    conversation = conversations.open_(ctx.db, KF, event.open_kfid, event.external_userid, ctx.now)
    if event.scene:
        _tag_channel(ctx, event.external_userid, event.scene, {"scene": event.scene, "scene_param": event.scene_param})
    if not event.welcome_code or takes_no_offers(ctx, conversation):
        return True
    code = ctx.brand.live_codes.get(event.scene)
    own = [code.welcome] if code and code.welcome else []
    why = trace("welcome", f"scene:{event.scene or '-'}", persona=ctx.brand.persona.version)
    text = _let_out(ctx, [*own, phrase(ctx, conversation, "welcome_kf")], why)
    if text is not None:
        dies_at = _code_dies_at(ctx, event.send_time)
        say_by_code(ctx, conversation, event.welcome_code, text, why, dies_at, sources=[text])
    return True


def _tag_channel(ctx: Context, external_userid: str, mark: str, evidence: dict[str, Any]) -> None:
    """渠道:… from the code's mark (product rule A-31); a code we do not know is tagged by its mark itself."""
    code = ctx.brand.live_codes.get(mark)
    name = code.channel if code else mark
    gain = Gain(
        word("channel_tag", channel=name)[:30], "channel", "live_code", {**evidence, "rule": f"live_code:{mark}"}
    )
    tagging.give(ctx, external_userid, [gain])

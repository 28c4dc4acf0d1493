"""The table of handlers, and the loop that offers an event to each until one takes it."""

from collections.abc import Callable

from handlers import accounts, contacts, groups, handoff, housekeeping, messages, posts, tagging, welcome
from handlers.answers import model_answer
from handlers.context import Context
from handlers.event import Event
from handlers.hand_over import alerts, sessions
from handlers.tags import corp_tags

Handler = Callable[[Event, Context], bool]

#: In this order; a handler that returns True has taken the event.
HANDLERS: tuple[Handler, ...] = (
    messages.on_kf_message,
    messages.on_turn,
    messages.on_staff_message,
    messages.on_recall,
    messages.on_send_fail,
    model_answer.on_answered,
    model_answer.on_due,
    welcome.on_contact,
    welcome.on_enter_session,
    contacts.on_contact_fetched,
    contacts.on_kf_customers_fetched,
    sessions.on_trans_settled,
    sessions.on_send_refused,
    sessions.on_state_fetched,
    sessions.on_session_change,
    sessions.on_servicer_status,
    handoff.on_due,
    corp_tags.on_settled,
    corp_tags.on_fetched,
    corp_tags.on_changed,
    posts.on_settled,
    posts.on_result_fetched,
    groups.on_chat_changed,
    groups.on_group_fetched,
    accounts.on_auth_changed,
    accounts.on_accounts_fetched,
    accounts.on_servicers_fetched,
)

#: What the clock's tick does, and every how many seconds.
TICKS: dict[Callable[[Context], None], int] = {
    posts.tick: 1,
    handoff.tick: 5,
    alerts.tick: 5,
    accounts.tick: 5,
    contacts.tick: 10,
    tagging.tick: 60,
    housekeeping.tick: 60,
}


def dispatch(event: Event, ctx: Context) -> bool:
    """Offer an event to the handlers. False when none took it: it is kept, and nothing follows from it."""
    return any(handle(event, ctx) for handle in HANDLERS)

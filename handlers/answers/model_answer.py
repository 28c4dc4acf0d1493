"""The language model answered a turn, or its time is over: its words go out if every gate lets them, else our own."""

from handlers import reply
from handlers.answers.model import READ
from handlers.context import Context
from handlers.event import Event, Fetched, ModelDue
from persona import prompt
from persona.prompt import Choice
from storage import conversations, messages, model_calls
from storage.model_calls import FAILED, LATE, OVERTAKEN, PENDING, REFUSED, USED, ModelCall


def on_answered(event: Event, ctx: Context) -> bool:
    """The model answered, or could not. What it cost is kept even when it comes too late."""
    if not isinstance(event, Fetched) or event.what != READ:
        return False
    call = model_calls.find(ctx.db, int(event.arguments["call_id"]))
    if call is None:
        return True
    if event.ok:
        model_calls.keep_answer(call, event.result)
    if call.state == PENDING:
        _settle(ctx, call, FAILED if not event.ok else "", event.reason)
    return True


def on_due(event: Event, ctx: Context) -> bool:
    """The model's time is over: the customer waits no longer."""
    if not isinstance(event, ModelDue):
        return False
    call = model_calls.find(ctx.db, event.call_id)
    if call is not None and call.state == PENDING:
        _settle(ctx, call, LATE, "time is over")
    return True


def _settle(ctx: Context, call: ModelCall, failure: str, reason: str) -> None:
    """Answer the turn with the model's words, or without them; whoever wrote or took over since then comes first."""
    conversation = conversations.get(ctx.db, call.conversation_id)
    turn = messages.open_turn(ctx.db, conversation.id)
    if conversation.epoch != call.epoch or not turn or turn[-1].id != call.message_id:
        model_calls.settle(call, OVERTAKEN, "the conversation went on", ctx.now)
        if turn and turn[-1].id == call.message_id:
            reply.take_turn(ctx, conversation, turn, with_model=False)
        return
    choice: Choice | None = None
    if not failure:
        try:
            choice = prompt.read_choice(call.reply, call.candidates)
        except ValueError as exc:
            failure, reason = REFUSED, str(exc)
    told = {"name": call.model, "prompt": call.prompt_version, "call": call.id, "took_ms": call.took_ms}
    blocked = reply.finish_turn(
        ctx, conversation, turn, choice, {**told, "outcome": failure or "used", "reason": reason}
    )
    if blocked:
        failure, reason = REFUSED, blocked
    model_calls.settle(call, failure or USED, reason, ctx.now)

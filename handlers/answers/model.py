"""A turn put to the language model, which may choose among the entries found and phrase one; nothing else.

The call is made outside any transaction and its answer enters as an event (see model_answer). Until then the turn
stays open: whatever the customer adds, or a person who takes over, overtakes the call.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from handlers.context import Context
from handlers.event import Fetch, ModelDue
from handlers.wording import word
from keywords.mask import mask
from persona import prompt
from persona.entries import Entry
from storage import messages, model_calls
from storage.conversations import APP, Conversation
from storage.messages import Message
from storage.model_calls import OVERTAKEN, ModelCall

READ = "model"  # the reader's name, see bot/readers.py
#: Entries offered, and lines of the conversation told.
OFFERED, HISTORY = 10, 6
#: Beyond the model's own time: for the way there and back.
GRACE_S = 0.4


def ask(ctx: Context, conversation: Conversation, turn: Sequence[Message], offered: list[tuple[Entry, str]]) -> bool:
    """Put a turn to the model, with (entry, this customer's answer). False: no model, no budget, nothing to offer."""
    if not ctx.rules.model or not offered or conversation.channel == APP or _spent(ctx):
        return False
    question = mask("\n".join(message.text for message in turn if message.text))
    offered = offered[:OFFERED]
    call = ModelCall(
        conversation_id=conversation.id,
        message_id=turn[-1].id,
        epoch=conversation.epoch,
        model=ctx.rules.model,
        prompt_version=prompt.version(),
        prompt=prompt.build(ctx.brand.persona, question, _history(ctx, conversation, turn), offered),
        candidates=[entry.id for entry, _ in offered],
        asked_at=ctx.now,
    )
    ctx.db.add(call)
    ctx.db.flush()
    ctx.tell(Fetch(what=READ, arguments={"call_id": call.id}), f"model:{call.id}")
    wait = timedelta(seconds=ctx.rules.model_timeout_s + GRACE_S)
    ctx.tell(ModelDue(call_id=call.id), f"model_due:{call.id}", ctx.now + wait)
    return True


def overtake(ctx: Context, conversation: Conversation, reason: str) -> None:
    """What is on its way to or from the model will not be said."""
    for call in model_calls.pending(ctx.db, conversation.id):
        model_calls.settle(call, OVERTAKEN, reason, ctx.now)


def _spent(ctx: Context) -> bool:
    """Whether today's tokens are used up."""
    if not ctx.rules.model_daily_tokens:
        return False
    midnight = datetime.combine(ctx.local.date(), time.min, tzinfo=ctx.local.tzinfo)
    return model_calls.tokens_since(ctx.db, midnight) >= ctx.rules.model_daily_tokens


def _history(ctx: Context, conversation: Conversation, turn: Sequence[Message]) -> list[str]:
    """The lines before this turn, masked, each with its speaker."""
    asked = {message.id for message in turn}
    lines = []
    for message in messages.recent(ctx.db, conversation.id, HISTORY + len(turn)):
        if message.id in asked or not message.text:
            continue
        speaker = word("speaker.customer") if message.author == messages.CUSTOMER else ctx.brand.persona.name
        lines.append(word("speaker.line", speaker=speaker, text=mask(message.text)))
    return lines

"""Staff who write to the app or the AI bot: today's figures, and a way in; other questions go to the knowledge."""

from datetime import datetime, timedelta

from handlers.answers import questions
from handlers.context import Context
from handlers.hand_over.severity import is_urgent
from handlers.say import Words, phrase, say, trace
from handlers.wording import word, words
from storage import contacts, handoff, messages, posts, tags
from storage.conversations import KF, Conversation
from storage.messages import Message
from storage.questions import Asked

STATUS_WORDS = words("status_words")
TOP_QUESTIONS, QUESTION_CHARACTERS = 3, 30
LATELY = timedelta(days=7)


def answer(ctx: Context, conversation: Conversation, turn: list[Message], response_url: str) -> bool:
    """Answer what only staff may ask. False when it is not such a question."""
    text = turn[-1].text.replace(f"@{ctx.brand.persona.name}", "").strip()
    if text.lower() in STATUS_WORDS:
        said = Words(figures(ctx), trace("status", "status_words"))
    elif turn[-1].msgtype != "text":
        said = unknown(ctx, conversation)
    elif ctx.brand.read(text).intent == "greeting":
        said = Words(phrase(ctx, conversation, "staff_hello"), trace("small", "intent:greeting"))
    else:
        return False
    say(ctx, conversation, said, response_url)
    return True


def unknown(ctx: Context, conversation: Conversation) -> Words:
    """What staff hear when there is no answer: nobody is fetched for them."""
    return Words(phrase(ctx, conversation, "staff_unknown"), trace("unsure", "staff"))


def figures(ctx: Context) -> str:
    """Today's figures in the brand's time zone, in words."""
    local = ctx.local
    midnight = datetime(local.year, local.month, local.day, tzinfo=ctx.brand.zone)
    said = messages.count_since(ctx.db, midnight, KF)
    waiting = handoff.waiting(ctx.db)
    lines = [
        word("status.head", month=f"{local:%m}", day=f"{local:%d}", time=f"{local:%H:%M}"),
        word(
            "status.messages",
            customer=said.get(messages.CUSTOMER, 0),
            bot=said.get(messages.BOT, 0),
            servicer=said.get(messages.SERVICER, 0),
        ),
        word(
            "status.gained",
            contacts=contacts.count_added_since(ctx.db, midnight),
            tags=tags.count_gained_since(ctx.db, midnight),
        ),
        word("status.handoffs", asked=handoff.count_since(ctx.db, midnight), waiting=len(waiting)),
    ]
    if waiting:
        oldest = min(known.asked_at for known in waiting)
        lines.append(word("status.longest", minutes=int((ctx.now - oldest).total_seconds() // 60)))
    urgent = sum(is_urgent(ctx, known.severity) for known in waiting)
    if urgent:
        lines.append(word("status.urgent", count=urgent))
    if not ctx.brand.on_duty:
        lines.append(word("status.nobody_on_duty"))
    return "\n".join([*lines, word("status.posts", shown=_posts_of(ctx, midnight)), *_unanswered(ctx)])


def _unanswered(ctx: Context) -> list[str]:
    """What customers asked most often lately and nobody could answer."""
    top = questions.top(ctx, TOP_QUESTIONS, ctx.now - LATELY)
    lines = [word("status.question", number=n, text=_cut(asked), times=asked.times) for n, asked in enumerate(top, 1)]
    return [word("status.unanswered", days=LATELY.days), *lines] if lines else []


def _cut(asked: Asked) -> str:
    text = asked.question.examples[0]
    return text if len(text) <= QUESTION_CHARACTERS else text[: QUESTION_CHARACTERS - 1] + "…"


def _posts_of(ctx: Context, midnight: datetime) -> str:
    today: dict[str, int] = {}
    for delivery in posts.due_between(ctx.db, midnight, midnight + timedelta(days=1)):
        label = word(f"delivery.{delivery.state}")
        today[label] = today.get(label, 0) + 1
    return "，".join(f"{label} {count}" for label, count in today.items()) or word("status.no_posts")

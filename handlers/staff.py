"""Staff who write to the app or the AI bot: today's figures, and a way in; other questions go to the knowledge."""

from datetime import datetime, timedelta

from handlers.context import Context
from handlers.say import Words, phrase, say, trace
from storage import contacts, handoff, messages, posts, tags
from storage.conversations import Conversation
from storage.messages import Message

STATUS_WORDS = frozenset({"状态", "今日状态", "今天状态", "status"})
_POST_STATES = {
    posts.SENT: "已发",
    posts.WAITING: "等群主确认",
    posts.QUEUED: "排队",
    posts.SKIPPED: "跳过",
    posts.FAILED: "失败",
    posts.UNKNOWN: "核对中",
}


def answer(ctx: Context, conversation: Conversation, turn: list[Message], response_url: str) -> bool:
    """Answer what only staff may ask. False when it is not such a question."""
    text = turn[-1].text.replace(f"@{ctx.brand.persona.name}", "").strip()
    if text.lower() in STATUS_WORDS:
        say(ctx, conversation, Words(figures(ctx), trace("status", "word:状态")), response_url)
        return True
    if ctx.brand.read(text).intent == "greeting":
        say(
            ctx, conversation, Words(phrase(ctx, conversation, "staff_hello"), trace("small", "greeting")), response_url
        )
        return True
    return False


def figures(ctx: Context) -> str:
    """Today's figures in the brand's time zone, in words."""
    local = ctx.local
    midnight = datetime(local.year, local.month, local.day, tzinfo=ctx.brand.zone)
    said = messages.count_since(ctx.db, midnight)
    waiting = handoff.waiting(ctx.db)
    lines = [
        f"{local:%m月%d日 %H:%M} 今日状态",
        f"客户消息 {said.get(messages.CUSTOMER, 0)} 条，机器人回复 {said.get(messages.BOT, 0)} 条，"
        f"人工回复 {said.get(messages.SERVICER, 0)} 条",
        f"新增客户 {contacts.count_added_since(ctx.db, midnight)} 位，"
        f"新打标签 {tags.count_gained_since(ctx.db, midnight)} 个",
        f"请真人 {handoff.count_since(ctx.db, midnight)} 次，现在等待 {len(waiting)} 位",
    ]
    if waiting:
        minutes = int((ctx.now - waiting[0].asked_at).total_seconds() // 60)
        lines.append(f"等得最久的已等 {minutes} 分钟")
    today: dict[str, int] = {}
    for delivery in posts.due_between(ctx.db, midnight, midnight + timedelta(days=1)):
        label = _POST_STATES.get(delivery.state, delivery.state)
        today[label] = today.get(label, 0) + 1
    shown = "，".join(f"{label} {count}" for label, count in today.items()) or "今天还没有到点的"
    lines.append(f"群发：{shown}")
    return "\n".join(lines)

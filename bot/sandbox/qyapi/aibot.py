"""aibot/response: the AI bot's one later answer through response_url (101138)."""

from bot.sandbox import aibot
from bot.sandbox.call import TOO_LARGE, Answer, Call, Route, at_most_bytes, part, text
from bot.sandbox.model import Message
from bot.sandbox.refusal import Refusal

MARKDOWN_BYTES = 20_480


def respond(call: Call) -> Answer:
    """Plain JSON, once, within an hour; markdown, or a template card in a single chat."""
    world = call.world
    code = call.args.get("response_code", "")
    aibotid, userid, chatid, expires_at = world.response_codes.get(code, ("", "", "", 0.0))
    if call.now >= expires_at:
        raise Refusal(40058, "invalid or expired response_code")
    msgtype = text(call.body, "msgtype", 40008)
    if msgtype == "markdown":
        content = text(part(call.body, "markdown", 44004), "content", 44004)
        at_most_bytes(content, MARKDOWN_BYTES, "markdown.content", TOO_LARGE)
        bubble = Message("bot", content, call.now, msgtype, sender=aibotid, via="aibot")
    elif msgtype == "template_card" and not chatid:
        bubble = Message("bot", "", call.now, msgtype, sender=aibotid, via="aibot")
        bubble.content = part(call.body, "template_card")
    else:
        raise Refusal(40008, "invalid message type")
    del world.response_codes[code]
    aibot.show(world, aibotid, userid, chatid or None, bubble)
    return {}


ROUTES = {"aibot/response": Route("POST", respond, changes=True, tokenless=True)}

"""App messages to staff: message/send and message/recall (90236, 94867)."""

import json
from typing import Any

from bot.sandbox.call import (
    BAD,
    MISSING,
    Answer,
    Call,
    Route,
    cut_bytes,
    has_scheme,
    maybe_int,
    maybe_text,
    part,
    parts,
    text,
)
from bot.sandbox.model import Message, Staff
from bot.sandbox.refusal import Refusal

TEXT_BYTES = 2048  # longer is cut (90236)
TITLE_BYTES, DESCRIPTION_BYTES, URL_BYTES = 128, 512, 2048
MAX_USERS, MAX_PARTIES = 1000, 100
MAX_ARTICLES = 8
RECALL_S = 24 * 3600  # 94867
MAX_DUPLICATE_INTERVAL_S = 14_400  # 90236
CARD_TYPES = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
REMEMBERED = 20_000

Content = tuple[str, dict[str, Any] | None]


def send(call: Call) -> Answer:
    """90236. Unknown receivers are listed and the rest served; all unknown is 81013."""
    agentid = call.body.get("agentid")
    if agentid is None:
        raise Refusal(41011, "missing agentid")
    if isinstance(agentid, bool) or not str(agentid).isdigit() or int(agentid) not in call.world.apps:
        raise Refusal(40056, "invalid agentid")
    if int(agentid) != call.app.agentid:
        raise Refusal(301002, "not allow operate another agent with this accesstoken")
    staff, invalid, others = _receivers(call)
    msgtype = text(call.body, "msgtype", 40008)
    shown = check_content(call, msgtype, call.body)
    msgid = call.world.new_id("", 24)
    answer: Answer = {"msgid": msgid} | others
    if invalid:
        answer["invaliduser"] = "|".join(invalid)
    if msgtype == "template_card" and call.body["template_card"]["card_type"].endswith("_interaction"):
        answer["response_code"] = call.world.new_id("", 24)
    if _is_duplicate(call):
        call.effect = False
        return answer
    _deliver(call, staff, msgid, msgtype, shown)
    return answer


def _receivers(call: Call) -> tuple[list[Staff], list[str], Answer]:
    touser, toparty, totag = (maybe_text(call.body, name) for name in ("touser", "toparty", "totag"))
    if touser == "@all":
        return list(call.world.staff.values()), [], {}
    if not (touser or toparty or totag):
        raise Refusal(82001, "touser, toparty and totag are all empty")
    userids, parties, tags = (value.split("|") if value else [] for value in (touser, toparty, totag))
    if len(userids) > MAX_USERS or len(parties) > MAX_PARTIES or len(tags) > MAX_PARTIES:
        raise Refusal(40032, "too many receivers")
    by_lower = {userid.lower(): staff for userid, staff in call.world.staff.items()}
    wanted = list(dict.fromkeys(userid.lower() for userid in userids))
    staff = [by_lower[userid] for userid in wanted if userid in by_lower]
    if not staff:
        raise Refusal(81013, "user & party & tag all invalid")
    others = {name: "|".join(ids) for name, ids in (("invalidparty", parties), ("invalidtag", tags)) if ids}
    return staff, [userid for userid in wanted if userid not in by_lower], dict(others)


def check_content(call: Call, msgtype: str, body: dict[str, Any]) -> Content:
    """The text to show and the content beside it; too long texts are cut, as the platform does (90236)."""
    if msgtype == "text":
        return cut_bytes(text(part(body, "text", 44004), "content", 44004), TEXT_BYTES), None
    if msgtype == "markdown":
        return cut_bytes(text(part(body, "markdown", 44004), "content", 44004), TEXT_BYTES), None
    if msgtype in ("image", "voice", "file", "video"):
        media_id = text(part(body, msgtype), "media_id", 41006)
        media = call.world.media.find(media_id, call.now)
        if media is None or media.type != msgtype or media.origin != "upload":
            raise Refusal(40007, "invalid media_id")
        return "", {"media_id": media_id, "filename": media.filename}
    if msgtype == "textcard":
        return _check_textcard(part(body, "textcard"))
    if msgtype == "news":
        return _check_news(part(body, "news"))
    if msgtype == "template_card":
        return _check_card(part(body, "template_card"))
    raise Refusal(40008, "invalid message type")


def _check_textcard(card: dict[str, Any]) -> Content:
    title, description = text(card, "title", 41016), text(card, "description", 41033)
    url = text(card, "url", 41010)
    if not has_scheme(url):
        raise Refusal(45034, "url must have a scheme")
    return cut_bytes(title, TITLE_BYTES), {
        "description": cut_bytes(description, DESCRIPTION_BYTES),
        "url": url,
        "btntxt": maybe_text(card, "btntxt")[:4],
    }


def _check_news(news: dict[str, Any]) -> Content:
    articles = parts(news, "articles")
    if not 1 <= len(articles) <= MAX_ARTICLES:
        raise Refusal(45008, "article count out of limit")
    for article in articles:
        text(article, "title", 41016)
        if not article.get("appid") and not has_scheme(text(article, "url", 41010)):
            raise Refusal(45034, "url must have a scheme")
    return cut_bytes(articles[0]["title"], TITLE_BYTES), {"articles": articles}


def _check_card(card: dict[str, Any]) -> Content:
    kind = text(card, "card_type")
    if kind not in CARD_TYPES:
        raise Refusal(BAD, "invalid card_type")
    if kind.endswith("_interaction"):
        text(card, "task_id", 42014)
    elif not card.get("card_action"):
        raise Refusal(42028, "missing card_action")
    title = (card.get("main_title") or {}).get("title", "")
    return str(title), card


def _is_duplicate(call: Call) -> bool:
    """An identical request within the interval is answered 0 and delivered to nobody."""
    if maybe_int(call.body, "enable_duplicate_check", 0, 0, 1) == 0:
        return False
    interval = maybe_int(call.body, "duplicate_check_interval", 1800, 1, MAX_DUPLICATE_INTERVAL_S)
    seen = call.world.app_duplicates
    mark = json.dumps(call.body, sort_keys=True)
    last = seen.pop(mark, None)
    duplicate = last is not None and call.now - last < interval
    seen[mark] = last if last is not None and duplicate else call.now
    while len(seen) > REMEMBERED:
        del seen[next(iter(seen))]
    return duplicate


def _deliver(call: Call, staff: list[Staff], msgid: str, msgtype: str, shown: Content) -> None:
    world, rules, agentid = call.world, call.world.rules, call.app.agentid
    bubbles = []
    for person in staff:
        minute = world.rates.allow(("app1m", agentid, person.userid), rules.app_member_per_min, 60, call.now)
        hour = world.rates.allow(("app1h", agentid, person.userid), rules.app_member_per_hour, 3600, call.now)
        if minute and hour:
            bubble = Message("bot", shown[0], call.now, msgtype, msgid, content=shown[1])
            bubbles.append(world.say_app(person.userid, agentid, bubble))
    call.effect = bool(bubbles)
    world.app_messages[msgid] = (agentid, call.now, bubbles)
    while len(world.app_messages) > REMEMBERED:
        del world.app_messages[next(iter(world.app_messages))]


def recall(call: Call) -> Answer:
    """94867: take an app message back within 24 hours."""
    msgid = text(call.body, "msgid", MISSING)
    agentid, sent_at, bubbles = call.world.app_messages.get(msgid, (0, 0.0, []))
    if agentid != call.app.agentid or call.now - sent_at > RECALL_S:
        raise Refusal(BAD, "invalid msgid")
    for bubble in bubbles:
        bubble.status = "recalled"
    return {}


ROUTES = {
    "message/send": Route("POST", send, changes=True),
    "message/recall": Route("POST", recall, changes=True),
}

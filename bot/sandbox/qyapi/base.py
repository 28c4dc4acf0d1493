"""Tokens, addresses, members, the app itself, web log-in and JS tickets (91039, 90196, 91023, 90506)."""

import secrets

from bot.sandbox.call import Answer, Call, Route, text
from bot.sandbox.refusal import Refusal

OAUTH_CODE_LIFE_S = 300  # 91023
TICKET_LIFE_S = 7200  # 90506
TICKETS_PER_HOUR = 400  # per corp; 100 per app (90454)
APP_TICKETS_PER_HOUR = 100


def gettoken(call: Call) -> Answer:
    """91039. A wrong secret again and again bans the address for an hour."""
    world = call.world
    world.tokens.check_ban(call.ip, call.now)
    corpid = text(call.args, "corpid", 41002)
    secret = text(call.args, "corpsecret", 41004)
    if corpid != world.corpid:
        raise Refusal(40013, "invalid corpid")
    app = next((a for a in world.apps.values() if secrets.compare_digest(a.secret.encode(), secret.encode())), None)
    if app is None:
        world.tokens.note_wrong_secret(call.ip, call.now)
        raise Refusal(40001, "invalid credential")
    token, expires_in = world.tokens.issue(app, call.now)
    return {"access_token": token, "expires_in": expires_in}


def addresses(_call: Call) -> Answer:
    """92520: where callbacks come from. Here: this machine."""
    return {"ip_list": ["127.0.0.1", "::1"]}


def get_user(call: Call) -> Answer:
    """90196."""
    userid = text(call.args, "userid", 41009)
    staff = next((s for s in call.world.staff.values() if s.userid.lower() == userid.lower()), None)
    if staff is None:
        raise Refusal(60111, "userid not found")
    return {"userid": staff.userid, "name": staff.name, "department": [1], "status": 1, "main_department": 1}


def get_agent(call: Call) -> Answer:
    """90227."""
    agentid = text(call.args, "agentid", 41011)
    if agentid != str(call.app.agentid):
        raise Refusal(301002, "not allow operate another agent")
    users = [{"userid": userid} for userid in call.world.staff]
    return {"agentid": call.app.agentid, "name": call.app.name, "close": 0, "allow_userinfos": {"user": users}}


def getuserinfo(call: Call) -> Answer:
    """91023: who stands behind a log-in code, once and within five minutes."""
    code = text(call.args, "code", 41008)
    entry = call.world.oauth_codes.get(code)
    if entry is None:
        raise Refusal(40029, "invalid code")
    kind, who, expires_at, used = entry
    if used:
        raise Refusal(42022, "code has been used")
    if call.now >= expires_at:
        raise Refusal(42003, "code expired")
    call.world.oauth_codes[code] = (kind, who, expires_at, True)
    if kind == "staff":
        return {"userid": who, "user_ticket": secrets.token_urlsafe(48)}
    return {"openid": f"o{who}", "external_userid": who}


def get_jsapi_ticket(call: Call) -> Answer:
    """90506: the corp's ticket."""
    if not call.world.rates.allow(("ticket",), TICKETS_PER_HOUR, 3600, call.now):
        raise Refusal(45009, "api freq out of limit")
    return _ticket(call, "corp")


def get_ticket(call: Call) -> Answer:
    """90506: the ticket of this app only; another app's cannot stand in for it (42012)."""
    if call.args.get("type") != "agent_config":
        raise Refusal(91040, "invalid ticket type")
    if not call.world.rates.allow(("ticket", call.app.agentid), APP_TICKETS_PER_HOUR, 3600, call.now):
        raise Refusal(45009, "api freq out of limit")
    return _ticket(call, str(call.app.agentid))


def _ticket(call: Call, owner: str) -> Answer:
    ticket, expires_at = call.world.tickets.get(owner, ("", 0.0))
    if call.now >= expires_at:
        ticket, expires_at = secrets.token_urlsafe(40), call.now + TICKET_LIFE_S
        call.world.tickets[owner] = ticket, expires_at
    return {"ticket": ticket, "expires_in": int(expires_at - call.now)}


ROUTES = {
    "gettoken": Route("GET", gettoken, tokenless=True),
    "getcallbackip": Route("GET", addresses),
    "get_api_domain_ip": Route("GET", addresses),
    "user/get": Route("GET", get_user),
    "agent/get": Route("GET", get_agent),
    "auth/getuserinfo": Route("GET", getuserinfo, changes=True),
    "get_jsapi_ticket": Route("GET", get_jsapi_ticket),
    "ticket/get": Route("GET", get_ticket),
}

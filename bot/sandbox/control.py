"""The control API: looking at the world, its live events, and the knobs (clock, faults, callbacks, rules)."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import urllib3
from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from bot.sandbox import snapshot
from bot.sandbox.clock import SHANGHAI, next_slot
from bot.sandbox.state import World

HEARTBEAT_S = 10
WHY_TIMEOUT_S = 3

control = Blueprint("control", __name__, url_prefix="/control")


def the_world() -> World:
    """The world this server shows."""
    world: World = current_app.extensions["world"]
    return world


def body() -> dict[str, Any]:
    """The JSON object of a control request; an empty body is {}."""
    given = request.get_json(force=True, silent=True) if request.get_data() else {}
    if not isinstance(given, dict):
        raise ValueError("body: must be a JSON object")
    return given


@control.errorhandler(ValueError)
def refuse(error: ValueError) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


@control.get("/world")
def show_world() -> ResponseReturnValue:
    """`?last=N` keeps N messages of each chat."""
    return jsonify(snapshot.view(the_world(), request.args.get("last", type=int)))


@control.get("/events")
def events() -> ResponseReturnValue:
    """Server-sent events from now on, or from Last-Event-ID (header or `last_event_id`)."""
    world = the_world()
    given = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    seq = int(given) if given and given.isdigit() else world.journal.last_seq
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(_stream(world, min(seq, world.journal.last_seq)), mimetype="text/event-stream", headers=headers)


def _stream(world: World, seq: int) -> Iterator[str]:
    yield ": hello\n\n"
    while True:
        happened = world.journal.after(seq, HEARTBEAT_S)
        if not happened:
            yield ": still here\n\n"
        for event in happened:
            seq = event.seq
            yield f"id: {seq}\nevent: {event.type}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"


@control.get("/calls")
def calls() -> ResponseReturnValue:
    api, after = request.args.get("api"), request.args.get("after", 0, type=int)
    return jsonify(the_world().journal.calls(api, after))


@control.post("/clock")
def move_clock() -> ResponseReturnValue:
    """{advance_s} or {to: ISO instant or "next_slot"}; only forward."""
    world, given = the_world(), body()
    if isinstance(given.get("advance_s"), int | float):
        world.clock.advance(float(given["advance_s"]))
    elif given.get("to") == "next_slot":
        world.clock.move_to(next_slot(world.now(), world.slots))
    elif isinstance(given.get("to"), str):
        world.clock.move_to(_instant(given["to"]))
    else:
        raise ValueError("advance_s or to: required")
    state = {"now": world.now(), "clock_offset_s": world.clock.offset_s}
    world.journal.note("clock", state)
    return jsonify(state)


def _instant(text: str) -> float:
    """An ISO date and time as unix time; Shanghai's when it names no zone."""
    try:
        to = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"to: {error}") from error
    return (to if to.tzinfo else to.replace(tzinfo=SHANGHAI)).timestamp()


@control.post("/tokens/expire")
def expire_tokens() -> ResponseReturnValue:
    """Let every token die early (42001), or become unknown with {"forget": true} (40014)."""
    world, forget = the_world(), bool(body().get("forget"))
    with world.lock:
        for app in world.apps.values():
            if forget:
                world.tokens.forget(app)
            else:
                world.tokens.expire(app, world.now())
        return jsonify(issued=world.tokens.issued)


@control.get("/faults")
def show_faults() -> ResponseReturnValue:
    return jsonify(the_world().faults.view())


@control.post("/faults")
def add_fault() -> ResponseReturnValue:
    return jsonify(the_world().faults.add(body()).view())


@control.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """All, or one with `?id=`."""
    the_world().faults.clear(request.args.get("id", type=int))
    return jsonify(the_world().faults.view())


@control.get("/callbacks")
def show_callbacks() -> ResponseReturnValue:
    """The habits and how many callbacks are still under way."""
    deliveries = the_world().deliveries
    return jsonify(vars(deliveries.habits) | {"pending": deliveries.pending()})


@control.post("/callbacks")
def change_callbacks() -> ResponseReturnValue:
    """{resend, shuffle_ms, drop_probability, drop_next, retry_gap_s}, each optional."""
    the_world().deliveries.habits.change(body())
    return show_callbacks()


@control.post("/rules")
def change_rules() -> ResponseReturnValue:
    world = the_world()
    with world.lock:
        world.rules.change(body())
        return jsonify(world.rules.view())


@control.post("/verify")
def verify() -> ResponseReturnValue:
    """The URL verification of an app or an AI bot, as the admin console does it on saving."""
    world, given = the_world(), body()
    if given.get("aibotid") in world.aibots:
        address = world.aibot_address(world.aibots[given["aibotid"]])
    elif given.get("agentid") in world.apps:
        address = world.app_address(world.apps[given["agentid"]], own=True)
    else:
        raise ValueError("agentid or aibotid: unknown")
    return jsonify(world.deliveries.verify(address, world.new_id("", 8)))


@control.post("/deliver_raw")
def deliver_raw() -> ResponseReturnValue:
    """Seal, sign and deliver any plain text: {agentid, xml} to an app, {aibotid, json} to an AI bot."""
    world, given = the_world(), body()
    if given.get("aibotid") in world.aibots:
        address, name = world.aibot_address(world.aibots[given["aibotid"]]), "json"
    elif given.get("agentid") in world.apps:
        address, name = world.app_address(world.apps[given["agentid"]], own=True), "xml"
    else:
        raise ValueError("agentid or aibotid: unknown")
    if not isinstance(given.get(name), str):
        raise ValueError(f"{name}: required, a string")
    world.deliveries.post("raw", address, given[name].encode())
    return jsonify(ok=True)


@control.get("/why")
def why() -> ResponseReturnValue:
    """What the bot says about one of its answers, passed through."""
    world = the_world()
    if not world.wanzi_url:
        return jsonify(error="wanzi_url: not set in the world file"), 404
    url = f"{world.wanzi_url.rstrip('/')}/api/why"
    headers = {"Authorization": f"Bearer {world.wanzi_api_token}"}
    try:
        answer = urllib3.request(
            "GET", url, fields={"msgid": request.args.get("msgid", "")}, headers=headers,
            timeout=WHY_TIMEOUT_S, retries=False,
        )  # fmt: skip
    except urllib3.exceptions.HTTPError as error:
        return jsonify(error=f"wanzi_url: {type(error).__name__}"), 502
    return Response(answer.data, status=answer.status, mimetype="application/json")

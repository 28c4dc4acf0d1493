"""The way of every API call: fault, frequency, token, function, answer; HTTP 200 always (90313), and a log entry."""

import errno
import json
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Request, Response

from bot.sandbox.call import Answer, Binary, Call, Route, Upload
from bot.sandbox.faults import AFTER_EFFECT, Fault
from bot.sandbox.model import App
from bot.sandbox.qyapi import ROUTES
from bot.sandbox.refusal import Refusal, errmsg
from bot.sandbox.state import World

WRONG_JSON = "Warning: wrong json format. "  # malformed JSON still runs, with what could be read (90313)
HTML = "<html><head><title>502</title></head><body><center><h1>Bad Gateway</h1></center></body></html>"


@dataclass
class _Outcome:
    answer: Answer | Binary
    errcode: int | None
    effect: bool


def serve_api(world: World, api: str, request: Request) -> Response:
    """Answer one call below /cgi-bin/. Raises ConnectionResetError when a fault cuts the line."""
    started = time.perf_counter()
    body, broken = _read_body(request)
    fault = world.faults.pick(api, body)
    if fault is not None and fault.latency_s:
        time.sleep(fault.latency_s)
    call = Call(world, api, request.args, body, world.now(), request.remote_addr or "127.0.0.1", fault=fault)
    if fault is not None and fault.kind not in AFTER_EFFECT:
        outcome = _faulty_outcome(call, fault)
    else:
        outcome = _run(call, request)
    if broken and isinstance(outcome.answer, dict):
        outcome.answer["errmsg"] = WRONG_JSON + str(outcome.answer["errmsg"])
    logged = {"time": call.now, "errcode": outcome.errcode, "effect": outcome.effect}
    world.journal.log_call(api, body, logged | ({"fault": fault.kind} if fault else {}), started)
    return _respond(request, outcome.answer, fault)


def _read_body(request: Request) -> tuple[dict[str, Any], bool]:
    """The JSON body and whether it was malformed. Uploads and GETs have none."""
    if request.method != "POST" or request.mimetype == "multipart/form-data":
        return {}, False
    raw = request.get_data()
    try:
        body = json.loads(raw)
    except ValueError:
        return {}, bool(raw)
    return (body, False) if isinstance(body, dict) else ({}, True)


def _run(call: Call, request: Request) -> _Outcome:
    route = ROUTES.get(call.api)
    try:
        if route is None:
            raise Refusal(40066, "invalid url")
        if request.method != route.method:
            raise Refusal(40063 if route.method == "POST" else 40035, f"require {route.method} method")
        if request.mimetype == "multipart/form-data":
            call.upload = _read_upload(request)
        with call.world.lock:
            return _serve(call, route)
    except Refusal as refusal:
        return _Outcome(refusal.answer(call.ip), refusal.errcode, False)


def _serve(call: Call, route: Route) -> _Outcome:
    world = call.world
    if not route.tokenless:
        call.holder = world.tokens.app_of(call.args.get("access_token", ""), call.now)
        if route.right and route.right not in call.app.grants:
            raise Refusal(48007 if route.right == "kf" else 48002, "api forbidden for this app")
    if not world.rates.allow(("api", call.api), world.rules.api_per_min, 60, call.now):
        raise Refusal(45009, "api freq out of limit")
    answer = route.serve(call)
    if isinstance(answer, dict):
        answer = {"errcode": 0, "errmsg": "ok"} | answer
    return _Outcome(answer, 0, route.changes and call.effect)


def _read_upload(request: Request) -> Upload | None:
    file = request.files.get("media")
    return Upload(file.filename or "", file.read()) if file is not None else None


def _faulty_outcome(call: Call, fault: Fault) -> _Outcome:
    """The call is not run. A token fault really takes the token away, so that a refetch brings a new one."""
    errcode = {"busy": -1, "throttle": 45009, "expired_token": 42001, "bad_token": 40014, "errcode": fault.errcode}.get(
        fault.kind
    )
    if errcode is None:
        return _Outcome({}, None, False)
    if fault.kind in ("expired_token", "bad_token"):
        with call.world.lock:
            _take_token(call, fault.kind)
    words = {-1: "system busy", 45009: "api freq out of limit", 42001: "access_token expired"}.get(errcode, "fault")
    return _Outcome({"errcode": errcode, "errmsg": errmsg(errcode, words, call.ip)}, errcode, False)


def _take_token(call: Call, kind: str) -> None:
    tokens = call.world.tokens
    try:
        app: App = tokens.app_of(call.args.get("access_token", ""), call.now)
    except Refusal:
        return
    if kind == "expired_token":
        tokens.expire(app, call.now)
    else:
        tokens.forget(app)


def _respond(request: Request, answer: Answer | Binary, fault: Fault | None) -> Response:
    kind = fault.kind if fault else ""
    if kind in ("http500", "http502"):
        return Response(HTML, status=int(kind[4:]), mimetype="text/html")
    if kind == "html":
        return Response(HTML, mimetype="text/html")
    if kind in ("reset", "lost_answer"):
        _sever(request, reset=kind == "reset")
    if isinstance(answer, Binary):
        disposition = f"attachment; filename*=UTF-8''{quote(answer.filename)}"
        return Response(
            answer.content, mimetype="application/octet-stream", headers={"Content-Disposition": disposition}
        )
    payload = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    if kind == "half_close":
        _send_half(request, payload)
    return Response(payload, content_type="application/json; charset=UTF-8")


def _socket(request: Request) -> socket.socket:
    connection: socket.socket = request.environ["sandbox.socket"]
    return connection


def _sever(request: Request, *, reset: bool) -> None:
    """Close the connection without a byte, quietly or with RST. The server cleans up on this error.

    For an RST the file descriptor is swapped for an unconnected socket, so that no polite FIN goes out before.
    """
    if reset:
        connection = _socket(request)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.socket() as stand_in:
            os.dup2(stand_in.fileno(), connection.fileno())
    raise ConnectionResetError(errno.ECONNRESET, "severed by a fault")


def _send_half(request: Request, payload: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    _socket(request).sendall(head.encode() + payload[: len(payload) // 2])
    _sever(request, reset=False)

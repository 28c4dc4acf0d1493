"""The API for other programs, behind a bearer token: why a message was sent, and what nobody could answer."""

import hmac
import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from bot.bootstrap import Core
from storage import outbox, questions
from storage.outbox import OutboxRow


def create(core: Core) -> Blueprint:
    """`/api/why` and `/api/questions`; closed (404) while `server.api_token` is empty."""
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    token = core.settings.server.api_token.get_secret_value()

    @blueprint.before_request
    def check_token() -> None:
        if not token:
            abort(404)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            abort(401)

    @blueprint.get("/why")
    def why() -> Response:
        msgid = request.args.get("msgid", "")
        with core.database.read() as db:
            row = outbox.find_by_msgid(db, msgid) if msgid else None
            if row is None:
                abort(404)
            return jsonify(_why(row))

    @blueprint.get("/questions")
    def unanswered() -> Response:
        most, days = _number("n", 20, 200), _number("days", 30, 3650)
        since = core.clock.now() - timedelta(days=days)
        with core.database.read() as db:
            return jsonify([asked.as_row() for asked in questions.top(db, most, since)])

    return blueprint


def _number(name: str, default: int, most: int) -> int:
    """A number of the query, at least 1; anything else is answered 400."""
    given = request.args.get(name, str(default))
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= most):
        abort(400)
    return int(given)


def _why(row: OutboxRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.why)
    return {
        **found,
        "api": row.api,
        "author": row.author,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": row.created_at.isoformat(),
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
    }

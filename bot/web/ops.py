"""What operators' machines ask: alive, ready, figures."""

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.bootstrap import Core


def create(core: Core) -> Blueprint:
    """`/healthz`, `/readyz`, `/metrics`."""
    blueprint = Blueprint("ops", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        try:
            with core.database.read() as db:
                db.execute(text("SELECT 1 FROM inbox LIMIT 1"))
        except SQLAlchemyError:
            return Response("database not reachable\n", 503, content_type="text/plain")
        if not core.bell.reachable():
            return Response("broker not reachable\n", 503, content_type="text/plain")
        return Response("ready\n", content_type="text/plain")

    @blueprint.get("/metrics")
    def figures() -> Response:
        return Response(metrics.render(core.database, core.clock), content_type="text/plain; version=0.0.4")

    return blueprint

"""Makes the Flask application: the callback, the operator's endpoints, the API."""

from flask import Flask
from werkzeug.exceptions import HTTPException

from bot.bootstrap import Core
from bot.web import api, ops, webhook
from storage.inbox import GroupCommit

#: WeCom's callbacks are a few kilobytes; nothing larger is read.
LARGEST_BODY = 1024 * 1024


def create_app(core: Core) -> Flask:
    """The application of one process."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_blueprint(webhook.create(core, GroupCommit(core.database, core.stored)))
    app.register_blueprint(ops.create(core))
    app.register_blueprint(api.create(core))
    app.register_error_handler(HTTPException, _plain)
    return app


def _plain(error: HTTPException) -> tuple[str, int]:
    """Errors without a page: the number and its name, nothing of the request."""
    return f"{error.code} {error.name}\n", error.code or 500

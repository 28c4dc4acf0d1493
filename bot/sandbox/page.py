"""The page to play with WeCom offline: one document, its scripts and styles, and a sign of life.

It stands apart from the control API: everything it shows it reads from `/control/...`, as any other client would.
"""

from flask import Blueprint, Response, render_template

page = Blueprint(
    "page", __name__, template_folder="templates", static_folder="static", static_url_path="/sandbox-static"
)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@page.get("/")
def sandbox() -> str:
    """The page itself. It carries no data; its scripts fetch the world when they start."""
    return render_template("sandbox.html")


@page.get("/alive")
def alive() -> Response:
    """204, asked for every two seconds: a broken line shows within five (a silent event stream would not)."""
    return Response(status=204)


@page.after_request
def protect(response: Response) -> Response:
    """No script or style but our own files, no framing, no stale scripts after an update."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response

"""The callback: verify, decrypt, parse, commit the inbox row, answer 200 with an empty body. Nothing else before that.

What is not genuine or cannot be read is refused with 403 or 400, leaves nothing behind, and its body is never logged.
"""

import time
from collections.abc import Callable

import structlog
from flask import Blueprint, Response, request

from bot import metrics
from bot.bootstrap import Core
from bot.errors import CallbackError
from bot.wecom.callback import (
    Crypto,
    dedup_key,
    open_callback,
    parse_aibot,
    parse_event,
    read_envelope,
    read_json_envelope,
    verify_url,
)
from handlers.event import Event
from handlers.intake import to_row
from storage.inbox import GroupCommit

log = structlog.get_logger()


def create(core: Core, inbox: GroupCommit) -> Blueprint:
    """The blueprint; a channel whose token and key are not set answers 404."""
    blueprint = Blueprint("webhook", __name__)
    wecom = core.settings.wecom
    token, key = wecom.token.get_secret_value(), wecom.encoding_aes_key.get_secret_value()
    if token and key:
        door = _Door("app", core, inbox, Crypto(token, key, wecom.corpid), read_envelope, parse_event)
        blueprint.add_url_rule("/wecom/callback", "callback", door.answer, methods=["GET", "POST"])
    token, key = wecom.aibot_token.get_secret_value(), wecom.aibot_encoding_aes_key.get_secret_value()
    if token and key:  # the AI bot of one's own corp has an empty receive id (101033)
        door = _Door("aibot", core, inbox, Crypto(token, key, ""), read_json_envelope, parse_aibot)
        blueprint.add_url_rule("/wecom/aibot", "aibot", door.answer, methods=["GET", "POST"])
    return blueprint


class _Door:
    """One callback address: its keys and its way of writing messages."""

    def __init__(
        self,
        channel: str,
        core: Core,
        inbox: GroupCommit,
        crypto: Crypto,
        envelope: Callable[[bytes], str],
        parse: Callable[[bytes], Event],
    ) -> None:
        self._channel, self._core, self._inbox = channel, core, inbox
        self._crypto, self._envelope, self._parse = crypto, envelope, parse

    def answer(self) -> Response:
        started = time.perf_counter()
        try:
            response = self._verify() if request.method == "GET" else self._accept()
        except CallbackError as error:
            log.warning("callback_refused", channel=self._channel, reason=error.reason, status=error.status)
            response = Response(status=error.status)
        metrics.ACKS.labels(self._channel, response.status_code).inc()
        metrics.ACK_SECONDS.observe(time.perf_counter() - started)
        return response

    def _verify(self) -> Response:
        plain = verify_url(self._crypto, request.args, self._core.clock.time(), self._max_age_s)
        return Response(plain, content_type="text/plain; charset=utf-8")

    def _accept(self) -> Response:
        body = request.get_data(cache=False)
        plain = open_callback(
            self._crypto, request.args, body, self._core.clock.time(), self._max_age_s, self._envelope
        )
        event = self._parse(plain)
        self._inbox.put(to_row(event, dedup_key(event, plain)), self._core.clock.now())
        return Response(status=200)

    @property
    def _max_age_s(self) -> int:
        return self._core.settings.wecom.callback_max_age_s

"""The client of one app: every call to WeCom goes through here and ends in an answer or one of `bot.errors`.

It adds to one exchange (`transport`) what calls share: the token, one refetch when it is refused, the budget, a pause
after 45009, and a line for the metrics. It never repeats a call for any other reason: that is the outbox's decision.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from bot.errors import GatewayError, Rejected, Throttled, Unavailable
from bot.wecom.budget import Budget
from bot.wecom.errcodes import CONCURRENCY, TOKEN_ERRCODES
from bot.wecom.tokens import Token, TokenKeeper
from bot.wecom.transport import Params, Transport

OFFICIAL_BASE_URL = "https://qyapi.weixin.qq.com/cgi-bin/"
TOKEN_REFUSED_PAUSE_S = 5.0  # for an API that takes no token, however new: gettoken is not to be hammered for it
JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}

#: Told after every call: api, outcome ("ok", "unavailable", "throttled", "rejected"), seconds.
OnCall = Callable[[str, str, float], None]


class WeComClient:
    """Calls in the name of one self-built app. Safe to share between threads; `now` gives unix seconds.

    `api` is the path below /cgi-bin/, as in "kf/send_msg". Every method raises GatewayError and nothing else.
    """

    def __init__(
        self,
        corpid: str,
        secret: str,
        agentid: int,
        base_url: str = OFFICIAL_BASE_URL,
        timeout_s: float = 5.0,
        *,
        now: Callable[[], float] = time.time,
        budget: Budget | None = None,
        on_call: OnCall | None = None,
    ) -> None:
        self.corpid = corpid
        self.agentid = agentid
        self.base_url = base_url
        self._secret = secret
        self._transport = Transport(base_url, timeout_s)
        self._tokens = TokenKeeper(self._fetch_token, now)
        self._budget = budget or Budget(now=now)
        self._on_call = on_call

    def get(self, api: str, params: Params | None = None) -> dict[str, Any]:
        """A call without a body. Returns the answer, whose errcode is 0."""
        return _answer(api, self._call("GET", api, params or {}))

    def post(
        self, api: str, body: dict[str, Any] | None = None, params: Params | None = None, *, token: bool = True
    ) -> dict[str, Any]:
        """A call with a JSON body. `token=False` for what carries its own right in the query (webhook, AI bot)."""
        data = _encode(api, body or {})
        return _answer(api, self._call("POST", api, params or {}, token, data=data, headers=JSON_HEADERS))

    def upload(
        self, api: str, field: str, filename: str, data: bytes, content_type: str, params: Params | None = None
    ) -> dict[str, Any]:
        """A multipart call with one file."""
        return _answer(api, self._call("POST", api, params or {}, files={field: (filename, data, content_type)}))

    def download(self, api: str, params: Params) -> bytes:
        """The content of a file."""
        response = self._call("GET", api, params)
        if isinstance(response, dict):
            raise Unavailable(api, "the answer is not a file")
        return response.content

    def close(self) -> None:
        """Close the connections kept alive."""
        self._transport.close()

    def same_host(self, url: str) -> bool:
        """Whether `url` is of the platform this client talks to."""
        ours, theirs = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)

    def _call(
        self, method: str, api: str, params: Params, token: bool = True, **content: Any
    ) -> dict[str, Any] | requests.Response:
        """Budget before, metrics after. A robot's key has its own lane in the budget."""
        lane = str(params.get("key", ""))
        started = time.perf_counter()
        outcome = "ok"
        try:
            self._budget.spend(api, lane)
            if token:
                return self._with_token(method, api, params, content)
            return self._transport.exchange(method, api, params, **content)
        except GatewayError as error:
            outcome = type(error).__name__.lower()
            if isinstance(error, Throttled) and error.api == api and error.errcode not in (None, CONCURRENCY):
                self._budget.pause(api, lane, error.retry_after_s)
            raise
        finally:
            if self._on_call:
                self._on_call(api, outcome, time.perf_counter() - started)

    def _with_token(
        self, method: str, api: str, params: Params, content: dict[str, Any]
    ) -> dict[str, Any] | requests.Response:
        """One exchange, and a second one with another token when WeCom did not take the first (91039)."""
        access_token = self._tokens.get()
        try:
            return self._transport.exchange(method, api, {**params, "access_token": access_token}, **content)
        except GatewayError as error:
            if error.errcode not in TOKEN_ERRCODES:
                raise
        access_token = self._tokens.replace(access_token)
        try:
            return self._transport.exchange(method, api, {**params, "access_token": access_token}, **content)
        except GatewayError as error:
            if error.errcode in TOKEN_ERRCODES:
                self._budget.pause(api, str(params.get("key", "")), TOKEN_REFUSED_PAUSE_S)
            raise

    def _fetch_token(self) -> Token:
        query = {"corpid": self.corpid, "corpsecret": self._secret}
        answer = _answer("gettoken", self._call("GET", "gettoken", query, token=False))
        access_token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(access_token, str) or not isinstance(expires_in, int):
            raise Unavailable("gettoken", "the answer holds no token")
        return Token(access_token, expires_in)


def _encode(api: str, body: dict[str, Any]) -> bytes:
    """The same bytes for the same body: message/send tells duplicates by the whole request (90236)."""
    try:
        return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, TypeError):
        raise Rejected(api, "body: cannot be written as JSON in UTF-8") from None


def _answer(api: str, answer: dict[str, Any] | requests.Response) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    raise Unavailable(api, "the answer is a file", took_effect=None)

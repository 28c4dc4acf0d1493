"""One HTTP exchange with WeCom, over wechatpy's client: an answer with errcode 0, or a GatewayError and nothing else.

wechatpy brings the session, the JSON body and the errcode check. Switched off or replaced, because of its defects: its
token handling (see `tokens`), its retries, its reading of JSON, and requests' way of telling the address, with the
token in it, in every error. Errors are therefore raised only after the one they come from has been left behind.
"""

import logging
import ssl
from typing import Any

import requests
import urllib3.exceptions as http
from requests.adapters import HTTPAdapter
from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient

from bot.errors import GatewayError, Unavailable
from bot.wecom.errcodes import error_for
from bot.wecom.wire import read_json

POOL_SIZE = 32  # threads that may call at the same time without opening a connection each
CONNECT_TIMEOUT_S = 3.0

Params = dict[str, Any]

logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines hold the address with the token


class Transport(WeChatClient):  # type: ignore[misc]
    """Connections to one base URL (ends in /cgi-bin/). Safe to share between threads."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        super().__init__("", "", timeout=timeout, auto_retry=False)
        self.API_BASE_URL = base_url
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)
        environment = self._http.merge_environment_settings(base_url, {}, None, None, None)
        self._http.proxies, self._http.verify = environment["proxies"], environment["verify"]
        self._http.trust_env = False  # else requests looks for proxies and certificates again at every call

    def close(self) -> None:
        self._http.close()

    def exchange(self, method: str, api: str, params: Params, **content: Any) -> dict[str, Any] | requests.Response:
        """The JSON answer, or the response itself when it is a file. Raises GatewayError."""
        try:
            # wechatpy adds a token of its own to params that are a dict
            answer: dict[str, Any] | requests.Response = self._request(
                method, api, params=list(params.items()), allow_redirects=False, **content
            )
        except WeChatClientException as error:
            failure = _refusal(api, error)
        except (OSError, http.HTTPError) as error:  # requests' errors are OSErrors
            failure = Unavailable(api, _reason(error), took_effect=None if _was_sent(error) else False)
        else:
            if isinstance(answer, dict) or "Content-Disposition" in answer.headers:
                return answer
            failure = Unavailable(api, "the answer is not WeCom's", took_effect=None)
        raise failure

    def _decode_result(self, res: requests.Response) -> dict[str, Any] | requests.Response:
        """Called by wechatpy, which hands on whatever is not a dict."""
        if "Content-Disposition" in res.headers:
            return res
        try:
            answer = read_json(res.content, lenient=True)
            answer["errcode"] = int(answer["errcode"])
        except (ValueError, TypeError, KeyError):
            return res
        return answer


def _refusal(api: str, error: WeChatClientException) -> GatewayError:
    if error.errcode is not None:
        return error_for(api, error.errcode, str(error.errmsg))
    status = error.response.status_code
    # WeCom answers 200 even to errors: this came from something in between, which passes nothing on when it says 4xx
    return Unavailable(api, f"HTTP {status}", took_effect=False if status < 500 else None)


def _was_sent(error: Exception) -> bool:
    """Whether WeCom may have received the call before the connection failed."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, http.MaxRetryError) else cause
    if isinstance(reason, http.SSLError):
        return not isinstance(reason.args[0], ssl.SSLCertVerificationError)
    never_connected = (http.NewConnectionError, http.NameResolutionError, http.ConnectTimeoutError, http.ProxyError)
    return not isinstance(error, requests.ConnectTimeout) and not isinstance(reason, never_connected)


def _reason(error: Exception) -> str:
    return "timed out" if isinstance(error, requests.Timeout) else f"connection failed ({type(error).__name__})"

"""An OpenAI-compatible language model over HTTP: one question, one answer, within its time or not at all.

Any endpoint that speaks `POST /chat/completions` will do. After three failures in a row it is left alone for a while
(circuit breaker), so that a dead model costs nobody a wait.
"""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import pybreaker
import requests

from bot.errors import ModelError
from bot.settings import LlmSettings

FAILURES_IN_A_ROW, LEFT_ALONE_S = 3, 30
#: Far more than a reply of a few sentences needs.
MAX_TOKENS, MAX_BYTES = 500, 256 * 1024
CONNECT_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Completion:
    """What the model said, and what it cost: `tokens` as the endpoint counts them, `took_ms` by our clock."""

    text: str
    tokens: int
    took_ms: int


class ChatModel:
    """One model of one endpoint. Safe for many threads; answers at most `parallel` questions at a time."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._url = f"{settings.base_url.rstrip('/')}/chat/completions"
        self._free = threading.BoundedSemaphore(settings.parallel)
        self._breaker = pybreaker.CircuitBreaker(fail_max=FAILURES_IN_A_ROW, reset_timeout=LEFT_ALONE_S)

    def complete(self, messages: list[dict[str, str]]) -> Completion:
        """The model's answer to chat messages ({role, content}). Raises ModelError, within a little over timeout_s."""
        if not self._free.acquire(blocking=False):
            raise ModelError("busy: as many questions as llm.parallel allows are being answered")
        try:
            return self._breaker.call(self._ask, messages)
        except pybreaker.CircuitBreakerError:
            raise ModelError(f"left alone for {LEFT_ALONE_S} s after {FAILURES_IN_A_ROW} failures") from None
        finally:
            self._free.release()

    def _ask(self, messages: list[dict[str, str]]) -> Completion:
        began = time.monotonic()
        body = {
            "model": self._settings.model,
            "messages": messages,
            "temperature": 0.2,
            "max_tokens": MAX_TOKENS,
            "stream": False,
        }
        key = self._settings.api_key.get_secret_value()
        try:
            with requests.post(
                self._url,
                json=body,
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=(CONNECT_TIMEOUT_S, self._settings.timeout_s),
                stream=True,
                allow_redirects=False,
            ) as response:
                answer = _read(response, began + self._settings.timeout_s)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; their texts may hold the address
            raise ModelError(str(error) if isinstance(error, ValueError) else type(error).__name__) from None
        text, tokens = _answer(answer)
        return Completion(text, tokens, round((time.monotonic() - began) * 1000))


def _read(response: requests.Response, deadline: float) -> Any:
    """The JSON of a response, read until `deadline` (monotonic). Raises ValueError."""
    if response.status_code != requests.codes.ok:
        raise ValueError(f"HTTP {response.status_code}")
    body = b""
    for chunk in response.iter_content(8192):
        body += chunk
        if time.monotonic() > deadline:
            raise ValueError("too slow")
        if len(body) > MAX_BYTES:
            raise ValueError("longer than any answer")
    try:
        return json.loads(body)
    except ValueError:
        raise ValueError("the answer is not JSON") from None


def _answer(answer: Any) -> tuple[str, int]:
    try:
        text = answer["choices"][0]["message"]["content"]
        tokens = int((answer.get("usage") or {}).get("total_tokens") or 0)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ModelError("the answer is not a chat completion") from None
    if not isinstance(text, str) or not text.strip():
        raise ModelError("the answer is empty")
    return text, tokens or len(text)

"""The errors of the edge. An error's class is its fate: refuse, retry, wait, or give up.

WanziError
├── SettingsError            refuse to start; names file, key and what is allowed
├── CallbackError            not genuine (403) or unreadable (400); nothing stored
├── ModelError               the language model gave no usable answer: the knowledge answers instead
└── GatewayError             a WeCom call did not do what was asked
    ├── Unavailable          network, 5xx, -1: retry with back-off
    ├── Throttled            45009, 45033: retry after the window
    └── Rejected             WeCom (or our own check of its limits) said no: dead, shown to people
"""


class WanziError(Exception):
    """Base of everything Wanzi raises on purpose."""


class SettingsError(WanziError):
    """A setting is unknown, missing or out of range."""


class CallbackError(WanziError):
    """A callback is not genuine (403) or cannot be read (400). The message never quotes the body."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class ModelError(WanziError):
    """The language model is slow, away, busy or talks nonsense. Never retried: the knowledge answers instead."""


class GatewayError(WanziError):
    """A WeCom call failed.

    `api` is the path below /cgi-bin/ without query ("kf/send_msg"); `errcode` is None when no
    readable answer came back; `took_effect` is None when nobody can know whether WeCom acted.
    """

    def __init__(self, api: str, reason: str, errcode: int | None = None, *, took_effect: bool | None = False) -> None:
        super().__init__(f"{api}: {errcode if errcode is not None else '-'} {reason}")
        self.api = api
        self.reason = reason
        self.errcode = errcode
        self.took_effect = took_effect


class Unavailable(GatewayError):
    """Network trouble, 5xx, unreadable answer or errcode -1. Retry with back-off."""


class Throttled(GatewayError):
    """A frequency or concurrency limit. Retry after `retry_after_s` seconds, calling nothing before."""

    def __init__(self, api: str, reason: str, errcode: int | None = None, *, retry_after_s: float = 60.0) -> None:
        super().__init__(api, reason, errcode)
        self.retry_after_s = retry_after_s


class Rejected(GatewayError):
    """WeCom refused, or the body breaks one of its documented limits. Never retried unchanged."""

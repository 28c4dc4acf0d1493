"""One API call as its function sees it, and the checks of fields that every API shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.sandbox.faults import Fault
from bot.sandbox.model import App
from bot.sandbox.refusal import Refusal
from bot.sandbox.state import World

MISSING, BAD = 40063, 40058  # errcodes: parameter empty, parameter not valid (90313)
TOO_LARGE = 45002  # message content too large
Answer = dict[str, Any]
T = TypeVar("T")


@dataclass
class Upload:
    filename: str
    content: bytes


@dataclass
class Binary:
    """A file instead of a JSON answer (media/get)."""

    filename: str
    content: bytes


@dataclass
class Call:
    """`effect` is cleared by a function that answers 0 but does nothing (dropped, duplicate)."""

    world: World
    api: str
    args: Mapping[str, str]
    body: dict[str, Any]
    now: float
    ip: str
    holder: App | None = None
    fault: Fault | None = None
    upload: Upload | None = None
    effect: bool = True

    @property
    def app(self) -> App:
        """The app whose token came with the call."""
        if self.holder is None:
            raise Refusal(41001, "access_token missing")
        return self.holder


@dataclass(frozen=True)
class Route:
    """How one API path is served. `right`: the grant an app needs; `tokenless` paths take no access_token."""

    method: str
    serve: Callable[[Call], Answer | Binary]
    changes: bool = False
    right: str = ""
    tokenless: bool = False


def text(body: Mapping[str, Any], name: str, errcode: int = MISSING) -> str:
    """A required, non-empty string field; `errcode` is answered when it is absent or empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(errcode if not value else BAD, f"missing or invalid {name}")
    return value


def maybe_text(body: Mapping[str, Any], name: str) -> str:
    """An optional string field; "" when absent."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(BAD, f"{name} must be a string")
    return value


def maybe_int(body: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """An optional whole number within [least, most]."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refusal(BAD, f"{name} must be a number from {least} to {most}")
    return value


def strings(body: Mapping[str, Any], name: str, most: int, errcode: int = BAD) -> list[str]:
    """An optional list of strings, at most `most` long; [] when absent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refusal(BAD, f"{name} must be a list of strings")
    if len(value) > most:
        raise Refusal(errcode, f"{name} has more than {most} entries")
    return value


def part(body: Mapping[str, Any], name: str, errcode: int = MISSING) -> dict[str, Any]:
    """A required object field."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise Refusal(errcode, f"missing or invalid {name}")
    return value


def parts(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """An optional list of objects; [] when absent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refusal(BAD, f"{name} must be a list of objects")
    return value


def at_most_bytes(value: str, most: int, name: str, errcode: int = BAD) -> None:
    """Limits on message text and titles count UTF-8 bytes."""
    if len(value.encode()) > most:
        raise Refusal(errcode, f"{name} longer than {most} bytes")


def at_most_chars(value: str, most: int, name: str, errcode: int = BAD) -> None:
    """Limits on state, remark, tag and room names count characters."""
    if len(value) > most:
        raise Refusal(errcode, f"{name} longer than {most} characters")


def cut_bytes(value: str, most: int) -> str:
    """The longest beginning of at most `most` bytes that splits no character: how WeCom truncates."""
    return value.encode()[:most].decode(errors="ignore")


def has_scheme(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def page(items: list[T], body: Mapping[str, Any], default: int, most: int) -> tuple[list[T], str]:
    """One page of a list by `cursor` and `limit`, and the next cursor ("" at the end)."""
    limit = maybe_int(body, "limit", default, 1, most)
    cursor = maybe_text(body, "cursor")
    if cursor and not (cursor.startswith("CURSOR") and cursor[6:].isdigit()):
        raise Refusal(BAD, "invalid cursor")
    start = int(cursor[6:] or 0) if cursor else 0
    end = start + limit
    return items[start:end], f"CURSOR{end}" if end < len(items) else ""

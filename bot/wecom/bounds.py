"""WeCom's documented limits, checked before the network: a body that breaks one is Rejected, naming field and range.

A table maps a path to its rule: "text.content" is a field of an object, "list[].click.id" one of every item. A rule for
a field applies where the object that holds it is there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from bot.errors import Rejected


class Bound(NamedTuple):
    """Allowed size, both ends included. `low` above 0 makes a text or a list required. A url is sized in bytes."""

    low: int
    high: int
    unit: Literal["bytes", "characters", "items", "number", "url"]


Rule: TypeAlias = Bound | frozenset[Any] | re.Pattern[str]
Bounds: TypeAlias = Mapping[str, Rule]
Body: TypeAlias = dict[str, Any]

REQUIRED = Bound(1, 4096, "bytes")  # a field must be there; the length is not documented
URL = Bound(1, 2048, "url")


def check(api: str, body: Body, bounds: Bounds, within: str = "") -> None:
    """Raises Rejected for the first field of `body` that breaks its rule. `within` prefixes the paths."""
    for path, rule in bounds.items():
        full = f"{within}.{path}" if within else path
        for value in _values(api, body, full.split(".")):
            if fault := _fault(value, rule):
                raise Rejected(api, f"{full}: {fault}")


def check_message(api: str, body: Body, kinds: Mapping[str, Bounds]) -> None:
    """`body` holds one message: msgtype is a key of `kinds`, and the object of that name keeps its bounds."""
    msgtype = str(body.get("msgtype"))
    check(api, body, {"msgtype": frozenset(kinds)})
    if not isinstance(body.get(msgtype), dict):
        raise Rejected(api, f"{msgtype}: missing")
    check(api, body, kinds[msgtype], msgtype)


def require_any(api: str, body: Body, *names: str) -> None:
    """At least one of the fields is there and not empty."""
    if not any(body.get(name) for name in names):
        raise Rejected(api, f"{', '.join(names)}: at least one is needed")


def _values(api: str, node: object, path: list[str]) -> Iterator[Any]:
    """What stands at `path`; None for a field missing from an object that is there."""
    if not isinstance(node, dict):
        raise Rejected(api, f"{path[0]}: must be a field of an object")
    name = path[0].removesuffix("[]")
    child = node.get(name)
    if name == path[0]:
        if len(path) == 1:
            yield child
        elif child is not None:
            yield from _values(api, child, path[1:])
        return
    if not isinstance(child, list | None):
        raise Rejected(api, f"{name}: must be a list")
    for item in child or ():
        yield from _values(api, item, path[1:]) if path[1:] else (item,)


def _fault(value: Any, rule: Rule) -> str:
    """What is wrong with `value`, or nothing."""
    if isinstance(rule, Bound):
        return _bound_fault(value, rule)
    if isinstance(rule, frozenset):
        allowed = ", ".join(sorted(str(each) for each in rule if each not in (None, "")))
        return "" if value in tuple(rule) else f"{value!r:.40}, allowed {allowed}"
    return "" if rule.fullmatch("" if value is None else str(value)) else f"must match {rule.pattern}"


def _bound_fault(value: Any, bound: Bound) -> str:
    low, high, unit = bound
    if unit == "number":
        ok = value is None or (isinstance(value, int | float) and low <= value <= high)
        return "" if ok else f"{value!r:.40}, allowed {low} to {high}"
    if value is not None and not isinstance(value, list if unit == "items" else str):
        return "must be a list" if unit == "items" else "must be text"
    if unit == "url" and value and "://" not in value:
        return "must begin with a scheme such as https://"
    sized: Any = value or ""
    size = len(sized) if unit in ("items", "characters") else len(sized.encode("utf-8", "surrogatepass"))
    return "" if low <= size <= high else f"{size} {'bytes' if unit == 'url' else unit}, allowed {low} to {high}"

"""Faults on command: which calls go wrong, how, and how many times."""

import random
import threading
from dataclasses import asdict, dataclass, field, fields
from typing import Any

KINDS = frozenset({
    "latency", "http500", "http502", "reset", "half_close", "busy", "errcode", "html", "lost_answer",
    "expired_token", "bad_token", "throttle", "msg_send_fail",
})  # fmt: skip

#: kinds after which the call has had its full effect all the same
AFTER_EFFECT = frozenset({"latency", "lost_answer", "half_close", "msg_send_fail"})

#: calls that carry no access_token, so that no token can die under them
TOKENLESS = frozenset({"gettoken", "webhook/send", "webhook/upload_media", "aibot/response"})


@dataclass
class Fault:
    """`api` is the path below /cgi-bin/ or "*"; `times` None means until removed; `match` compares body fields
    ("text.content" reaches inside). `latency_s` delays any kind. `hits` counts how often it struck."""

    api: str
    kind: str
    latency_s: float = 0.0
    errcode: int = -1
    fail_type: int = 10
    times: int | None = None
    probability: float = 1.0
    match: dict[str, Any] = field(default_factory=dict)
    hits: int = 0
    id: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: must be one of {', '.join(sorted(KINDS))}")

    def strikes(self, api: str, body: dict[str, Any]) -> bool:
        if self.kind in ("expired_token", "bad_token") and api in TOKENLESS:
            return False
        return self.api in ("*", api) and all(_reach(body, path) == value for path, value in self.match.items())

    def view(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    """The active faults, oldest first; the first that fits strikes. Thread safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._last_id = 0

    def add(self, spec: dict[str, Any]) -> Fault:
        """Activate a fault. Raises ValueError naming an unknown field or kind."""
        known = {f.name for f in fields(Fault)} - {"hits", "id"}
        if unknown := set(spec) - known:
            raise ValueError(f"{sorted(unknown)[0]}: unknown field (known: {', '.join(sorted(known))})")
        for name in ("api", "kind"):
            if not isinstance(spec.get(name), str):
                raise ValueError(f"{name}: required")
        with self._lock:
            self._last_id += 1
            fault = Fault(**{**spec, "match": spec.get("match") or {}}, id=self._last_id)
            self._faults.append(fault)
            return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all."""
        with self._lock:
            self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]

    def pick(self, api: str, body: dict[str, Any]) -> Fault | None:
        """The fault that strikes this call, counted down."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.strikes(api, body) and (fault.probability >= 1 or random.random() < fault.probability):
                    fault.hits += 1
                    if fault.times is not None and fault.hits >= fault.times:
                        self._faults.remove(fault)
                    return fault
        return None

    def view(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.view() for fault in self._faults]


def _reach(body: dict[str, Any], path: str) -> Any:
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

"""The brand's knowledge entries: one question each, with the approved answers to it. Read from JSON Lines, checked."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any


class KnowledgeError(ValueError):
    """A knowledge file is not one; the message names file, line, field and what is allowed."""


DRAFT, APPROVED = "draft", "approved"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be given an entry: who has one of the tags, and one of the stores, and one of the tiers. Empty: all."""

    tags: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    tier: frozenset[str] = frozenset()

    def includes(self, tags: Collection[str], stores: Collection[str], tier: str) -> bool:
        return (
            (not self.tags or not self.tags.isdisjoint(tags))
            and (not self.stores or not self.stores.isdisjoint(stores))
            and (not self.tier or tier in self.tier)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the brand knows. `variants` holds answers for customers with a certain tag; dates are inclusive."""

    id: str
    category: str
    question: str
    answer: str
    similar: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variants: dict[str, str] = field(default_factory=dict)
    valid_from: date | None = None
    valid_until: date | None = None
    audience: Audience = Audience()
    status: str = APPROVED
    version: str = ""

    def answer_for(self, tags: Iterable[str]) -> tuple[str, str | None]:
        """The answer for a customer with these tags, and the tag that chose it (None for everybody's answer)."""
        for tag in tags:
            if tag in self.variants:
                return self.variants[tag], tag
        return self.answer, None

    def open_to(self, today: date, tags: Collection[str] = (), stores: Collection[str] = (), tier: str = "") -> bool:
        """Whether a customer may be given this entry on a local day: approved, valid, and meant for them."""
        return self.status == APPROVED and self.is_valid_on(today) and self.audience.includes(tags, stores, tier)

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    @property
    def texts(self) -> tuple[str, ...]:
        """What the brand itself says in this entry: a customer's way to ask is no source of facts."""
        return (self.question, self.answer, *self.variants.values())


def load_knowledge(path: Path) -> list[Entry]:
    """Read knowledge JSON Lines. Raises KnowledgeError naming line and field."""
    entries: dict[str, Entry] = {}
    for where, line in numbered_lines(path):
        entry = read_entry(where, line)
        if entry.id in entries:
            raise KnowledgeError(f"{where}: 'id' {entry.id} stands twice")
        entries[entry.id] = entry
    return list(entries.values())


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines that hold something, each with its place as file:line."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", line


def read_entry(where: str, line: str) -> Entry:
    """One line of a knowledge file. Raises KnowledgeError that begins with `where`."""
    try:
        data = json.loads(line)
    except ValueError as exc:
        raise KnowledgeError(f"{where}: not a JSON object: {exc}") from exc
    if not isinstance(data, dict):
        raise KnowledgeError(f"{where}: must be an object with id, question, answer")
    try:
        return _entry(data, line)
    except ValueError as exc:
        raise KnowledgeError(f"{where}: {exc}") from None


def _entry(data: dict[str, Any], line: str) -> Entry:
    starts, ends = _day(data, "valid_from"), _day(data, "valid_until")
    if starts and ends and ends < starts:
        raise ValueError(f"'valid_until' {ends} is before 'valid_from' {starts}")
    status = data.get("status", APPROVED)
    if status not in (DRAFT, APPROVED):
        raise ValueError(f"'status' must be {DRAFT} or {APPROVED}")
    digest = hashlib.sha256(line.strip().encode()).hexdigest()[:8]
    return Entry(
        id=_text(data, "id"),
        category=str(data.get("category", "")),
        question=_text(data, "question"),
        answer=_text(data, "answer"),
        similar=_texts(data, "similar"),
        tags=_texts(data, "tags"),
        variants=_variants(data),
        valid_from=starts,
        valid_until=ends,
        audience=_audience(data),
        status=status,
        version=f"{data.get('version', 1)}-{digest}",
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{name}' must be a text that is not empty")
    return value.strip()


def _texts(data: dict[str, Any], name: str, where: str = "") -> tuple[str, ...]:
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValueError(f"'{where}{name}' must be a list of texts")
    return tuple(value)


def _variants(data: dict[str, Any]) -> dict[str, str]:
    variants = data.get("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(v, str) and v.strip() for v in variants.values()):
        raise ValueError("'variants' must map a tag to an answer")
    return dict(variants)


def _day(data: dict[str, Any], name: str) -> date | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"'{name}' must be a date such as 2026-11-30, not {value!r}") from None


def _audience(data: dict[str, Any]) -> Audience:
    value = data.get("audience", {})
    if not isinstance(value, dict) or set(value) - _AUDIENCE:
        raise ValueError(f"'audience' must hold {', '.join(sorted(_AUDIENCE))} and nothing else")
    tier = value.get("tier", [])
    tiers = _texts({"tier": [tier] if isinstance(tier, str) else tier}, "tier", "audience.")
    lists = {name: frozenset(_texts(value, name, "audience.")) for name in ("tags", "stores")}
    return Audience(tier=frozenset(tiers), **lists)


FIELDS = frozenset(Entry.__dataclass_fields__)
_AUDIENCE = frozenset(Audience.__dataclass_fields__)

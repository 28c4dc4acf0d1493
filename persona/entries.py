"""The brand's knowledge entries: one question each, with the approved answers to it. Read from JSON Lines, checked."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class KnowledgeError(ValueError):
    """A knowledge file is not one; the message names file, line, field and what is allowed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the brand knows. `variants` holds answers for customers with a certain tag."""

    id: str
    category: str
    question: str
    answer: str
    similar: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variants: dict[str, str] = field(default_factory=dict)
    version: str = ""

    def answer_for(self, tags: Iterable[str]) -> tuple[str, str | None]:
        """The answer for a customer with these tags, and the tag that chose it (None for everybody's answer)."""
        for tag in tags:
            if tag in self.variants:
                return self.variants[tag], tag
        return self.answer, None


def load_knowledge(path: Path) -> list[Entry]:
    """Read knowledge JSON Lines. Raises KnowledgeError naming line and field."""
    entries: dict[str, Entry] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            data = json.loads(line)
        except ValueError as exc:
            raise KnowledgeError(f"{where}: not a JSON object: {exc}") from exc
        entry = _entry(where, data, line)
        if entry.id in entries:
            raise KnowledgeError(f"{where}: 'id' {entry.id} stands twice")
        entries[entry.id] = entry
    return list(entries.values())


def _entry(where: str, data: Any, line: str) -> Entry:
    if not isinstance(data, dict):
        raise KnowledgeError(f"{where}: must be an object with id, question, answer")
    for name in ("id", "question", "answer"):
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise KnowledgeError(f"{where}: '{name}' must be a text that is not empty")
    for name in ("similar", "tags"):
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise KnowledgeError(f"{where}: '{name}' must be a list of texts")
    variants = data.get("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(value, str) for value in variants.values()):
        raise KnowledgeError(f"{where}: 'variants' must map a tag to an answer")
    digest = hashlib.sha256(line.strip().encode()).hexdigest()[:8]
    return Entry(
        id=data["id"],
        category=str(data.get("category", "")),
        question=data["question"].strip(),
        answer=data["answer"].strip(),
        similar=tuple(data.get("similar", [])),
        tags=tuple(data.get("tags", [])),
        variants=dict(variants),
        version=f"{data.get('version', 1)}-{digest}",
    )

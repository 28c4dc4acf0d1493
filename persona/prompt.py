"""What a language model is asked, and how its answer is read. It chooses among entries found and phrases one."""

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from persona.entries import Entry
from persona.model import Persona

_FILE = Path(__file__).parent / "prompt.yaml"
_JSON = re.compile(r"\{.*\}", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """The model's choice: an entry's id and its words for it; both empty when no entry answers."""

    entry: str
    text: str


@cache
def _templates() -> tuple[dict[str, str], str]:
    text = _FILE.read_text(encoding="utf-8")
    return yaml.safe_load(text), hashlib.sha256(text.encode()).hexdigest()[:8]


def version() -> str:
    """Names the prompt that is in force."""
    return _templates()[1]


def build(
    persona: Persona, question: str, history: Sequence[str], offered: Sequence[tuple[Entry, str]]
) -> list[dict[str, str]]:
    """Chat messages. `history` are lines with their speaker, `offered` entries with the answer this customer gets.

    Everything in it leaves the machine: the caller masks what customers wrote.
    """
    templates, _ = _templates()
    entries = "\n".join(
        templates["entry"].format(id=entry.id, question=entry.question, answer=answer) for entry, answer in offered
    )
    system = templates["system"].format(
        brand=persona.brand,
        name=persona.name,
        mode=persona.mode,
        tone="；".join(persona.tone),
        max_length=persona.max_length,
    )
    user = templates["user"].format(entries=entries, history="\n".join(history), question=question)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def read_choice(text: str, offered: Collection[str]) -> Choice:
    """The choice in a model's answer; prose or fences around the JSON are forgiven.

    Raises ValueError when there is no such object, or it names an entry that was not offered, or words without one.
    """
    found = _JSON.search(text)
    try:
        data = json.loads(found.group()) if found else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ValueError("no JSON object with entry and text")
    entry, words = str(data.get("entry") or "").strip("[] "), str(data.get("text") or "").strip()
    if entry and entry not in offered:
        raise ValueError("names an entry that was not offered")
    if bool(entry) != bool(words):
        raise ValueError("entry and text go together")
    return Choice(entry, words)

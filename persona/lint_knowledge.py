"""Checks a knowledge file: what may not be said, what nobody will be told any more, and what contradicts itself."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from persona import numbers
from persona.entries import APPROVED, FIELDS, Entry, KnowledgeError, numbered_lines, read_entry
from persona.findings import ERROR, WARNING, Finding
from persona.gates import Gate
from persona.lint_voice import style
from persona.model import Persona
from persona.plain import bare


@dataclass(frozen=True)
class House:
    """What a brand's knowledge may refer to. `is_tag` knows the names of its tags; `today` is by its own clock."""

    persona: Persona
    gate: Gate
    is_tag: Callable[[str], bool]
    stores: Collection[str]
    today: date


@dataclass(frozen=True)
class _Line:
    number: int
    entry: Entry


def lint_knowledge(path: Path, house: House) -> list[Finding]:
    """Everything that is wrong with a knowledge file, line by line."""
    found: list[Finding] = []
    lines: list[_Line] = []
    for where, raw in numbered_lines(path):
        number = int(where.rpartition(":")[2])
        try:
            lines.append(_Line(number, read_entry(where, raw)))
        except KnowledgeError as error:
            found.append(Finding(str(path), number, ERROR, str(error).removeprefix(f"{where}: ")))
            continue
        unknown = ", ".join(sorted(set(json.loads(raw)) - FIELDS))
        if unknown:
            found.append(Finding(str(path), number, WARNING, f"unknown key {unknown}; it means nothing"))
    for line in lines:
        found += [Finding(str(path), line.number, level, text) for level, text in _entry(line.entry, house)]
    found += [Finding(str(path), number, ERROR, text) for number, text in _twice(lines)]
    return sorted(found)


def _entry(entry: Entry, house: House) -> Iterator[tuple[str, str]]:
    for name, text in (("answer", entry.answer), *((f"variants.{tag}", text) for tag, text in entry.variants.items())):
        yield from (
            (level, f"{entry.id} {name}: {message}") for level, message in style(house.persona, house.gate, text)
        )
    for name, asked in (("question", entry.question), *(("similar", text) for text in entry.similar)):
        for block in house.gate.said(asked):  # a customer's words: allowed to ask, odd to put into their mouth
            yield WARNING, f"{entry.id} {name}: {block.gate}: {block.words}"
    if entry.valid_until and entry.valid_until < house.today:
        yield WARNING, f"{entry.id}: expired on {entry.valid_until}"
    for tag in sorted({*entry.variants, *entry.audience.tags}):
        if not house.is_tag(tag):
            yield ERROR, f"{entry.id}: no such tag: {tag}"
    for store in sorted(entry.audience.stores - set(house.stores)):
        yield ERROR, f"{entry.id}: no such store: {store}"


def _twice(lines: list[_Line]) -> Iterator[tuple[int, str]]:
    """Ids and questions that stand twice, where one customer could be told both on one day."""
    by_id: dict[str, int] = {}
    asked: dict[str, list[_Line]] = {}
    for line in lines:
        first = by_id.setdefault(line.entry.id, line.number)
        if first != line.number:
            yield line.number, f"{line.entry.id}: the id stands in line {first}"
        for question in dict.fromkeys(_questions(line.entry)):
            for other in asked.get(question, []):
                if _meet(line.entry, other.entry):
                    yield line.number, _same(line, other, question)
            asked.setdefault(question, []).append(line)


def _questions(entry: Entry) -> list[str]:
    texts = (entry.question, *entry.similar)
    return ["".join(char for char in bare(text) if char.isalnum()) for text in texts]


def _meet(one: Entry, other: Entry) -> bool:
    """Whether two entries may be valid for the same customer on the same day."""
    if APPROVED not in (one.status, other.status) or one.status != other.status:
        return False
    if (one.valid_from or date.min) > (other.valid_until or date.max):
        return False
    if (other.valid_from or date.min) > (one.valid_until or date.max):
        return False
    pairs = [(getattr(one.audience, name), getattr(other.audience, name)) for name in ("stores", "tier")]
    return all(not a or not b or a & b for a, b in pairs)


def _same(line: _Line, other: _Line, question: str) -> str:
    message = f"{line.entry.id}: the same question as {other.entry.id} in line {other.number}: {question}"
    contradictions = _contradictions(line.entry.answer, other.entry.answer)
    return f"{message}; their numbers differ: {contradictions}" if contradictions else message


def _contradictions(one: str, other: str) -> str:
    """Units of which two answers name different numbers, with the words of both."""
    shown = []
    first, second = _by_unit(one), _by_unit(other)
    for unit in sorted(set(first) & set(second) - {""}):
        if set(first[unit]) != set(second[unit]):
            shown.append(f"{'/'.join(first[unit].values())} and {'/'.join(second[unit].values())}")
    return ", ".join(shown)


def _by_unit(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for number in numbers.read(text):
        found.setdefault(number.unit, {}).setdefault(number.value, number.words)
    return found

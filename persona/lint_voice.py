"""Checks a persona file: phrases that are missing, double, unlawful, too long, or that no brand's voice would say."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from persona import numbers
from persona.compose import emoji_of, is_allowed
from persona.findings import ERROR, WARNING, Finding, Text, keys_twice, texts_of
from persona.gates import VERTICALS, Gate
from persona.model import PHRASES, PLACEHOLDERS, Persona, PersonaError, load_persona

#: Said around every answer, so a number in them would stand beside facts it does not belong to.
AROUND_ANSWERS = frozenset({"answer_prefix", "answer_suffix"})
#: With fewer the same words come again and again.
ENOUGH_VARIANTS = 2


def lint_voice(path: Path) -> list[Finding]:
    """Everything that is wrong with a persona file. One that does not load has one finding, its reason."""
    try:
        persona = load_persona(path)
    except PersonaError as error:
        return [Finding(str(path), _line_of(path, str(error)), ERROR, str(error).removeprefix(f"{path}: "))]
    phrases = [text for text in texts_of(path) if text.keys[0] == "phrases"]
    return sorted([*keys_twice(path), *_settings(path, persona), *_phrases(path, persona, phrases)])


def _line_of(path: Path, error: str) -> int:
    """The line that an error speaks of, by the first key or the mark it names; 1 when it names none."""
    marked = re.search(r"line (\d+)", error)
    if marked:
        return int(marked[1])
    named = re.search(r"'(\w+)[.\w]*'", error)
    try:
        found = [text.line for text in texts_of(path) if named and text.keys[:1] == (named[1],)]
    except yaml.YAMLError:
        found = []
    return min(found, default=1)


def _settings(path: Path, persona: Persona) -> Iterator[Finding]:
    if persona.vertical and persona.vertical not in VERTICALS:
        allowed = ", ".join(sorted(VERTICALS))
        line = _line_of(path, "'vertical'")
        yield Finding(str(path), line, ERROR, f"'vertical' {persona.vertical} is unknown; allowed: {allowed}")


def _phrases(path: Path, persona: Persona, phrases: list[Text]) -> Iterator[Finding]:
    gate = Gate(persona)
    first: dict[tuple[str, str], int] = {}
    for text in phrases:
        key = ".".join(text.keys[1:-1])
        for level, message in _variant(persona, gate, key, text.value):
            yield Finding(str(path), text.line, level, f"{key}: {message}")
        line = first.setdefault((key, text.value), text.line)
        if line != text.line and text.value.strip():
            yield Finding(str(path), text.line, ERROR, f"{key}: the same variant stands in line {line}")
    for key in sorted({".".join(text.keys[1:-1]) for text in phrases}):
        line = min(text.line for text in phrases if ".".join(text.keys[1:-1]) == key)
        if key not in PHRASES:
            yield Finding(str(path), line, WARNING, f"{key}: nobody says this phrase")
        elif len(set(persona.phrases[key])) < ENOUGH_VARIANTS:
            yield Finding(str(path), line, WARNING, f"{key}: one variant only; it will come again and again")


def _variant(persona: Persona, gate: Gate, key: str, text: str) -> Iterator[tuple[str, str]]:
    yield from style(persona, gate, text)
    if key in AROUND_ANSWERS:
        yield from ((ERROR, f"number around an answer: {number.words}") for number in numbers.read(text))
    for name in sorted(PLACEHOLDERS.get(key, ())):
        if key in ("handoff_promise",) and f"{{{name}}}" not in text:
            yield ERROR, f"promises without {{{name}}}"


def style(persona: Persona, gate: Gate, text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a text that the persona says, each with its level."""
    yield from ((ERROR, f"{block.gate}: {block.words}") for block in gate.said(text))
    if len(text) > persona.max_length:
        yield ERROR, f"{len(text)} characters, allowed: {persona.max_length}"
    found = emoji_of(text)
    if len(found) > persona.emoji.max_per_message:
        yield ERROR, f"{len(found)} emoji, allowed: {persona.emoji.max_per_message}"
    yield from ((ERROR, f"emoji {emoji} is not among the allowed") for emoji in found if not is_allowed(persona, emoji))

"""Checks everything that a brand's folder lets Wanzi say: voice, knowledge, posts, welcomes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from handlers.brand import persona_file
from handlers.wording import word
from keywords.catalogue import load_catalogue
from persona.findings import ERROR, Finding, texts_of
from persona.gates import Gate
from persona.lint_knowledge import House, lint_knowledge
from persona.lint_voice import lint_voice
from persona.model import PersonaError, load_persona

#: What customers read of these files, by the last key.
SAID = {"posts.yaml": {"title", "text", "desc"}, "live_codes.yaml": {"welcome", "promise"}}


def lint_brand(folder: Path, persona_name: str, today: date) -> list[Finding]:
    """What is wrong in a brand's folder, file by file. A persona that does not load ends the check."""
    voice = persona_file(folder, persona_name)
    found = lint_voice(voice)
    try:
        persona = load_persona(voice)
    except PersonaError:
        return found
    gate = Gate(persona)
    tags = {tag.name for tag in load_catalogue(folder / "catalogue.yaml").tags} | _channel_tags(folder)
    house = House(persona, gate, tags.__contains__, _stores(folder), today)
    found += lint_knowledge(folder / "knowledge.jsonl", house)
    return [*found, *(finding for name, keys in SAID.items() for finding in _texts(folder / name, keys, gate))]


def _channel_tags(folder: Path) -> set[str]:
    codes = texts_of(folder / "live_codes.yaml")
    return {word("channel_tag", channel=text.value) for text in codes if text.keys[-1] == "channel"}


def _stores(folder: Path) -> set[str]:
    listed = texts_of(folder / "stores.yaml")
    return {text.value for text in listed if text.keys[0] == "stores" and text.keys[-1] == "id"}


def _texts(path: Path, keys: set[str], gate: Gate) -> Iterator[Finding]:
    for text in texts_of(path):
        if text.keys[-1] in keys:
            for block in gate.said(text.value):
                yield Finding(str(path), text.line, ERROR, f"{text.keys[-1]}: {block.gate}: {block.words}")

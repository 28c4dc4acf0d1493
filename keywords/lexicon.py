"""What words mean: a YAML file of meanings, each with the words and phrases that say it and the traps that do not.

    sets:
      脸: [脸, 皮肤, 额头]
    meanings:
      敏感肌:
        words: [敏感皮, 屏障受损]
        phrases: ["{脸}…刺痛|泛红", "换季……泛红"]
        traps: [话题敏感]

A phrase is a row of parts in their order: "…" lets up to 6 characters of one clause stand between two parts, "……" up to
20 of one sentence; "|" separates alternatives of a part and "{name}" stands for the words of a set. A match that a trap
of its meaning touches does not count.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NEAR, FAR = 6, 20
_GAP = re.compile(r"\s*(……|…)\s*")
_SET = re.compile(r"\{([^{}]*)\}")
_KEYS = ("words", "phrases", "traps")


class LexiconError(ValueError):
    """A lexicon file is not one; the message names file, meaning, key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Parts in their order; `gaps[i]` is how many characters may stand between part i and part i + 1."""

    parts: tuple[tuple[str, ...], ...]
    gaps: tuple[int, ...]
    spelling: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """A name, and everything that says it."""

    name: str
    words: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    traps: tuple[str | Phrase, ...] = ()


def load_lexicon(path: Path) -> dict[str, Meaning]:
    """Read a lexicon file. Raises LexiconError naming what is wrong and what is allowed."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as exc:
        raise LexiconError(f"{path}: not readable as YAML: {exc}") from exc
    if not isinstance(data, dict) or not isinstance(data.get("meanings"), dict) or set(data) - {"sets", "meanings"}:
        raise LexiconError(f"{path}: must hold 'meanings' and may hold 'sets', nothing else")
    sets = {str(name): _words(f"{path}: set {name}", words) for name, words in (data.get("sets") or {}).items()}
    return {str(name): _meaning(path, str(name), told, sets) for name, told in data["meanings"].items()}


def _meaning(path: Path, name: str, told: Any, sets: Mapping[str, tuple[str, ...]]) -> Meaning:
    where = f"{path}: {name}"
    if not isinstance(told, dict) or set(told) - set(_KEYS):
        raise LexiconError(f"{where}: must be {{{', '.join(_KEYS)}}}")
    listed = {key: _words(f"{where}: '{key}'", told.get(key) or []) for key in _KEYS}
    return Meaning(
        name=name,
        words=tuple(word for line in listed["words"] for word in _alternatives(where, line, sets)),
        phrases=tuple(parse_phrase(where, line, sets) for line in listed["phrases"]),
        traps=tuple(
            trap
            for line in listed["traps"]
            for trap in ([parse_phrase(where, line, sets)] if "…" in line else _alternatives(where, line, sets))
        ),
    )


def parse_phrase(where: str, line: str, sets: Mapping[str, tuple[str, ...]]) -> Phrase:
    """A phrase of the file's notation. Raises LexiconError beginning with `where`."""
    pieces = _GAP.split(line.strip())
    parts = tuple(_alternatives(where, piece, sets) for piece in pieces[::2])
    if len(parts) < 2:
        raise LexiconError(f"{where}: '{line}' has one part only: list it under 'words'")
    return Phrase(parts, tuple(FAR if gap == "……" else NEAR for gap in pieces[1::2]), line)


def _alternatives(where: str, piece: str, sets: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The alternatives of one part, sets opened: "{脸}好|很红" is every word of the set with 好, and 很红."""
    found: list[str] = []
    for alternative in piece.split("|"):
        spellings = [""]
        for number, text in enumerate(_SET.split(alternative)):
            if number % 2 and text not in sets:
                raise LexiconError(f"{where}: '{piece}' names the set '{text}', which is not there")
            choices: Iterable[str] = sets[text] if number % 2 else (text,)
            spellings = [spelling + choice for spelling in spellings for choice in choices]
        found += [spelling.strip() for spelling in spellings]
    if not all(found):
        raise LexiconError(f"{where}: '{piece}' holds an empty word")
    return tuple(dict.fromkeys(found))


def _words(where: str, listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list) or not all(isinstance(word, str | int) and str(word).strip() for word in listed):
        raise LexiconError(f"{where} must be a list of words")
    return tuple(str(word).strip() for word in listed)

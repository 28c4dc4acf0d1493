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
of its meaning touches does not count. One item of any list may hold several, separated by "、"; a word written
"=敏感" counts only where it stands alone between two marks.

What else a meaning may tell: `holds`, the circumstances in which it is still true (past, supposed, denied, asked,
others); `against`, the meanings that cannot be true beside it; `of`, whom it describes by nature, when not the writer;
`sensitive: true`, personal data about health; `adult: true`, never true of a child.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NEAR, FAR = 6, 20
#: A word that begins with this counts only where nothing stands beside it: "=敏感" in "油皮，敏感，求推荐".
ALONE = "="
_GAP = re.compile(r"\s*(……|…)\s*")
_SET = re.compile(r"\{([^{}]*)\}")
_LISTS = ("words", "phrases", "traps", "holds", "against")
_KEYS = (*_LISTS, "of", "sensitive", "adult")
#: Circumstances that take a meaning back unless it holds in them.
CIRCUMSTANCES = ("past", "supposed", "denied", "asked", "others")
#: libyaml reads ten times faster; PyYAML may be built without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    holds: frozenset[str] | None = None
    against: tuple[str, ...] = ()
    of: str = ""
    sensitive: bool = False
    adult: bool = False


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises LexiconError when it is none."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, either way
    except yaml.YAMLError as exc:
        raise LexiconError(f"{path}: not readable as YAML: {exc}") from exc


def load_lexicon(path: Path) -> dict[str, Meaning]:
    """Read a lexicon file. Raises LexiconError naming what is wrong and what is allowed."""
    data = read_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("meanings"), dict) or set(data) - {"sets", "meanings"}:
        raise LexiconError(f"{path}: must hold 'meanings' and may hold 'sets', nothing else")
    sets = {str(name): _words(f"{path}: set {name}", words) for name, words in (data.get("sets") or {}).items()}
    return {str(name): _meaning(path, str(name), told, sets) for name, told in data["meanings"].items()}


def _meaning(path: Path, name: str, told: Any, sets: Mapping[str, tuple[str, ...]]) -> Meaning:
    where = f"{path}: {name}"
    if not isinstance(told, dict) or set(told) - set(_KEYS):
        raise LexiconError(f"{where}: must be {{{', '.join(_KEYS)}}}")
    listed = {key: _words(f"{where}: '{key}'", told.get(key) or []) for key in _LISTS}
    for circumstance in listed["holds"]:
        if circumstance not in CIRCUMSTANCES:
            raise LexiconError(f"{where}: 'holds' must be of {', '.join(CIRCUMSTANCES)}")
    return Meaning(
        name=name,
        words=tuple(word for line in listed["words"] for word in _alternatives(where, line, sets)),
        phrases=tuple(parse_phrase(where, line, sets) for line in listed["phrases"]),
        traps=tuple(
            trap
            for line in listed["traps"]
            for trap in ([parse_phrase(where, line, sets)] if "…" in line else _alternatives(where, line, sets))
        ),
        holds=frozenset(listed["holds"]) if "holds" in told else None,
        against=listed["against"],
        of=str(told.get("of", "")),
        sensitive=bool(told.get("sensitive", False)),
        adult=bool(told.get("adult", False)),
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
    return tuple(word.strip() for item in listed for word in str(item).split("、") if word.strip())


def load_own_words(path: Path) -> dict[str, Meaning]:
    """A brand's own words, {TAG: {words: [...], refused: [...]}}; none when there is no such file.

    Refused words are kept in the file for those who propose words; they say nothing.
    """
    if not path.exists():
        return {}
    data = read_yaml(path) or {}
    if not isinstance(data, dict) or not all(isinstance(told, dict) for told in data.values()):
        raise LexiconError(f"{path}: must be {{TAG: {{words: [...], refused: [...]}}}}")
    return {
        str(tag): Meaning(str(tag), words=_words(f"{path}: {tag}", told.get("words") or []))
        for tag, told in data.items()
    }

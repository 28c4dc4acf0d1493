"""What a brand decided about suggested wordings: its lexicon.yaml holds accepted ones, and remembers refused ones."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from keywords.lexicon import LexiconError, load_own_words, read_yaml

#: Separates words in an item of the file.
_SEPARATOR = "、"


def decided(path: Path, tag: str) -> tuple[str, ...]:
    """The wordings of a tag that need not be suggested again, accepted or refused; none while there is no file."""
    told = _read(path).get(tag) or {}
    return tuple(str(word) for key in ("words", "refused") for word in told.get(key) or ())


def choose(path: Path, tag: str, accept: Collection[str] = (), refuse: Collection[str] = ()) -> None:
    """Write decisions into the file; the last one counts. Comments at its head stay, others do not."""
    for word in (*accept, *refuse):
        if not word.strip() or _SEPARATOR in word:
            raise LexiconError(f"'{word}' is no word: must not be empty, nor hold {_SEPARATOR}")
    data = _read(path)
    told = data.setdefault(tag, {})
    for key, chosen, others in (("words", accept, refuse), ("refused", refuse, accept)):
        listed = dict.fromkeys([*map(str, told.get(key) or ()), *(word.strip() for word in chosen)])
        told[key] = [word for word in listed if word not in others]
        if not told[key]:
            del told[key]
    _write(path, {name: words for name, words in data.items() if words})


def _read(path: Path) -> dict[str, Any]:
    load_own_words(path)  # says what is wrong with it
    data: dict[str, Any] = (read_yaml(path) or {}) if path.exists() else {}
    return data


def _write(path: Path, data: dict[str, Any]) -> None:
    """Replace the file at once: a reader sees the old one or the new one."""
    head = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else ():
        if not line.startswith("#"):
            break
        head += line
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(head + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100), encoding="utf-8")
    os.replace(fresh, path)

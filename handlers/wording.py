"""What staff and managers read, kept in wording.yaml beside this file so that no module mixes two languages."""

from pathlib import Path
from typing import Any

import yaml

_WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("wording.yaml").read_text(encoding="utf-8"))


def word(key: str, **facts: object) -> str:
    """The wording at a dotted key, its placeholders filled. Raises KeyError when key or fact is missing."""
    return str(_at(key)).format(**facts)


def words(key: str) -> frozenset[str]:
    """A list of wordings, as a set."""
    return frozenset(_at(key))


def has(key: str) -> bool:
    """Whether there is a wording at a dotted key."""
    try:
        _at(key)
    except KeyError:
        return False
    return True


def _at(key: str) -> Any:
    found: Any = _WORDS
    for part in key.split("."):
        found = found[part]
    return found

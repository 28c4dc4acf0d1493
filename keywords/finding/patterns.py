"""Files of named patterns: lists of regular expressions or words, in YAML, because what people write is data."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from keywords.lexicon import read_yaml

_FOLDER = Path(__file__).parent.parent / "lexicons"


@cache
def read_patterns(name: str) -> dict[str, Any]:
    """The file lexicons/`name`.yaml as it is."""
    found = read_yaml(_FOLDER / f"{name}.yaml")
    assert isinstance(found, dict)
    return found


@cache
def pattern(name: str, key: str) -> re.Pattern[str]:
    """All expressions under a key of a file as one."""
    return re.compile("|".join(f"(?:{expression})" for expression in read_patterns(name)[key]))


@cache
def patterns(name: str, key: str) -> tuple[re.Pattern[str], ...]:
    """The expressions under a key of a file, one by one."""
    return tuple(re.compile(expression) for expression in read_patterns(name)[key])

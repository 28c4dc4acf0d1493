"""How Chinese sounds: characters and typed pinyin become one row of syllables, so that either is heard in the other.

Tones are left out and near sounds are one (n/l, zh/z, in/ing), because that is how people mistype.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from keywords.lexicon import read_yaml

_FILE = Path(__file__).parent.parent / "lexicons" / "syllables.yaml"
_NEAR = ((r"^zh", "z"), (r"^ch", "c"), (r"^sh", "s"), (r"^n(?=[aeiouv])", "l"), (r"ng$", "n"))
_SILENT = "\0"
_RUN = re.compile(r"[a-z]+")
#: Syllables stand as one character each, in the private use area of Unicode.
_FIRST_CODE = 0xE000


class Unit(NamedTuple):
    """One syllable of a text, or one character that is none (`code` is then silent)."""

    code: str
    start: int
    end: int
    typed: bool


@dataclass(frozen=True)
class Sounds:
    """`codes` of characters (near sounds alike), their `exact` syllables, codes of `typed` ones, `usual` characters."""

    codes: dict[str, str]
    exact: dict[str, str]
    typed: dict[str, str]
    usual: frozenset[str]


@cache
def sounds() -> Sounds:
    """The table of the house, read once."""
    data = read_yaml(_FILE)
    known: dict[str, str] = {}
    codes, exact, typed = {}, {}, {}
    for syllable, characters in data["syllables"].items():
        near = syllable
        for pattern, instead in _NEAR:
            near = re.sub(pattern, instead, near)
        code = known.setdefault(near, chr(_FIRST_CODE + len(known)))
        typed[syllable] = code
        for character in characters:
            codes[character] = code
            exact[character] = syllable
    for written, meant in data["shapes"].items():
        codes[written], exact[written] = codes[meant], exact[meant]
    return Sounds(codes, exact, typed, frozenset(data["usual"]))


def sound_of(word: str) -> str | None:
    """A word's sound; None when a character of it has none here."""
    codes = sounds().codes
    heard = [codes.get(character, "") for character in word]
    return "".join(heard) if all(heard) else None


def initials_of(word: str) -> str:
    """The first letters of its syllables: mgj of 敏感肌."""
    exact = sounds().exact
    return "".join(exact[character][0] for character in word if character in exact)


def hear(flat: str) -> list[Unit]:
    """A folded text as syllables. Spaces between typed syllables are not heard."""
    table, units, place = sounds(), [], 0
    while place < len(flat):
        character = flat[place]
        if "a" <= character <= "z":
            end = _RUN.match(flat, place).end()  # type: ignore[union-attr]
            units += _typed(flat[place:end], place) or [Unit(_SILENT, place, end, True)]
            place = end
            continue
        typed_before = bool(units) and units[-1].typed
        if not (character == " " and typed_before):
            units.append(Unit(table.codes.get(character, _SILENT), place, place + 1, False))
        place += 1
    return units


def _typed(run: str, place: int) -> list[Unit]:
    """Letters as the fewest syllables they can be; nothing when they are not all pinyin."""
    table = sounds().typed
    best: list[list[str] | None] = [[]] + [None] * len(run)
    for end in range(1, len(run) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is not None and run[start:end] in table:
                here = best[end]
                if here is None or len(before) + 1 < len(here):
                    best[end] = [*before, run[start:end]]
    units = []
    for syllable in best[-1] or ():
        units.append(Unit(table[syllable], place, place + len(syllable), True))
        place += len(syllable)
    return units

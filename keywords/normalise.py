"""One spelling for many: Traditional to Simplified, full width to half, capitals to small, runs of a letter shortened.

Every character of the folded text knows its place in the original, so that evidence shows what the customer wrote.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import opencc

#: Characters that are not seen: zero width space and joiners outside emoji, word joiner, byte order mark, selectors.
_UNSEEN = frozenset("\u200b\u200c\u2060\ufeff\ufe0e\ufe0f\u00ad")
#: A character repeated this often or more says no more than once ("好好好好", "sooooo"); digits are counted, not sung.
_RUN = 3
#: Three characters or more with a mark between each two, or standing apart with spaces, are one word, spelt out:
#: "退-货-款", "敏 感 肌".
_HAN = "[\u4e00-\u9fff]"
_SPELT = re.compile(rf"{_HAN}([.·・\-*_|丨]){_HAN}(?:\1{_HAN})+|(?<!{_HAN}){_HAN} {_HAN}(?: {_HAN})+(?!{_HAN})")
#: Characters that fold each to one, whatever stands beside them: a text of these alone, no run in it, folds at once.
_PLAIN = re.compile(r"[ -~\u4e00-\u9fff\uff01-\uff5e、。“”‘’《》【】…—·]*")
_SUNG = re.compile(r"(\D)\1\1")
_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in one spelling. `places[i]` is where folded character i stands in the original; the last is its end."""

    original: str
    text: str
    places: tuple[int, ...]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original behind [start, end) of the folded text."""
        return self.places[start], (self.places[end - 1] + 1 if end > start else self.places[start])


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def fold(text: str) -> Folded:
    """The one spelling of a text, with the way back to the original."""
    simple = _simplified(text)
    if _PLAIN.fullmatch(simple):
        flat = simple.translate(_WIDTH).lower()
        if not (_SUNG.search(flat) or _SPELT.search(simple)):
            return Folded(text, flat, tuple(range(len(text) + 1)))
    chars: list[str] = []
    places: list[int] = []
    filling = {place + 1 for found in _SPELT.finditer(simple) for place in range(found.start(), found.end() - 1, 2)}
    for place, char in enumerate(simple):
        if char in _UNSEEN or place in filling:
            continue
        one = _one(char)
        if len(chars) >= _RUN - 1 and not one.isdigit() and all(before == one for before in chars[1 - _RUN :]):
            continue
        chars.append(one)
        places.append(place)
    return Folded(text, "".join(chars), (*places, len(text)))


def normalise(text: str) -> str:
    """The folded text alone."""
    return fold(text).text


def _simplified(text: str) -> str:
    """Traditional characters made Simplified, each at its place."""
    if text.isascii():
        return text
    simple = _simplifier().convert(text)
    return simple if len(simple) == len(text) else "".join(_same_length(char) for char in text)


def _same_length(char: str) -> str:
    simple = _simplifier().convert(char)
    return simple if len(simple) == 1 else char


def _one(char: str) -> str:
    if "a" <= char <= "z" or "\u4e00" <= char <= "\u9fff":
        return char
    simple = unicodedata.normalize("NFKC", char).lower()
    return simple if len(simple) == 1 else char

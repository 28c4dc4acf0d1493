"""One spelling for the many ways to write the same characters, so that no gate is passed by a costume."""

import unicodedata

import opencc

_TO_SIMPLIFIED = opencc.OpenCC("t2s")
#: Marks that change how a character looks and not what it says: zero widths, variation selectors, keycaps, joiners.
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0xFE00, 0xFE10), 0x20E3, 0xFEFF, 0xAD]
)


def narrow(text: str) -> str:
    """A text in narrow, simplified, visible characters, each digit of any script as 0 to 9."""
    folded = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_INVISIBLE)
    return "".join(map(_digit, _TO_SIMPLIFIED.convert(folded)))


def plain(text: str) -> str:
    """The same without capitals."""
    return narrow(text).lower()


def _digit(char: str) -> str:
    if char < "\x80":
        return char
    if char.isdigit():
        return str(unicodedata.digit(char))
    if unicodedata.category(char) == "No":  # a circled 10: a number of one character
        return f"{unicodedata.numeric(char):g}"
    return char


def bare(text: str) -> str:
    """A plain text without what may stand between two characters of a word: spaces and middle dots."""
    return "".join(char for char in plain(text) if not char.isspace() and char not in "·•・‧_*")

"""Hears words that are written otherwise: with other characters of the same sound, in pinyin, or by their initials."""

import re
from collections.abc import Iterable

import ahocorasick_rs

from keywords.finding.sound import Unit, hear, initials_of, sound_of, sounds
from keywords.match import Match, outermost
from keywords.normalise import normalise
from keywords.text import Text

_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
_LETTERS = re.compile(r"[a-z]+")
#: Two syllables are too little to go by near sounds or without one right character; initials are not told from words.
_SHORT = 2
#: Fewer letters are heard as English, not as pinyin.
_MIN_TYPED = 5


class Ear:
    """Listens for a fixed list of (meaning, word)."""

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        words = list(words)
        self._words: dict[str, list[tuple[str, str]]] = {}
        for name, word in words:
            flat = normalise(word)
            sound = sound_of(flat) if _CHINESE.fullmatch(flat) else None
            if sound is not None:
                said = self._words.setdefault(sound, [])
                if (name, flat) not in said:
                    said.append((name, flat))
        self._sounds = list(self._words)
        self._written = {word for said in self._words.values() for _, word in said}
        self._automaton = ahocorasick_rs.AhoCorasick(self._sounds)
        self._initials = _initials(words)

    def find(self, text: Text) -> list[Match]:
        """Words heard and not written. None that is a word of its own as it stands there."""
        return [*self._abbreviated(text.flat), *self._heard(text)]

    def _heard(self, text: Text) -> list[Match]:
        units = hear(text.flat)
        spoken = "".join(unit.code for unit in units)
        found = []
        for index, first, last in self._automaton.find_matches_as_indexes(spoken, overlapping=True):
            start, end = units[first].start, units[last - 1].end
            for name, word in self._words[self._sounds[index]]:
                kind = _heard_as(word, units[first:last], text)
                if kind and text.flat[start:end] not in self._written:
                    found.append(Match(name, word, start, end, kind))
        return outermost(found)

    def _abbreviated(self, flat: str) -> list[Match]:
        return [
            Match(*self._initials[run[0]], run.start(), run.end(), "initials")
            for run in _LETTERS.finditer(flat)
            if run[0] in self._initials
        ]


def _initials(words: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Initials that mean one thing only, of words of three characters or more."""
    meant: dict[str, tuple[str, str]] = {}
    names: dict[str, set[str]] = {}
    for name, word in words:
        if len(word) > _SHORT and _CHINESE.fullmatch(word):
            letters = initials_of(word)
            meant.setdefault(letters, (name, word))
            names.setdefault(letters, set()).add(name)
    return {letters: said for letters, said in meant.items() if len(names[letters]) == 1 and len(letters) > _SHORT}


def _heard_as(word: str, units: list[Unit], text: Text) -> str:
    """ "sound" where the syllables are the word's, "near" where they are close; empty when it is something else."""
    start, end = units[0].start, units[-1].end
    exact = sounds().exact
    said = [text.flat[u.start : u.end] if u.typed else exact.get(text.flat[u.start], "") for u in units]
    kind = "sound" if said == [exact[character] for character in word] else "near"
    if all(unit.typed for unit in units):
        enough = len(units) >= _SHORT and end - start >= _MIN_TYPED
        return kind if enough and kind == "sound" else ""
    if any(unit.typed for unit in units):
        return kind
    written = text.flat[start:end]
    other = [place for place, (here, meant) in enumerate(zip(written, word, strict=True)) if here != meant]
    if not 0 < len(other) < len(word) or start not in text.edges or end not in text.edges:
        return ""
    if len(word) > _SHORT:
        return kind
    alone = start + 1 in text.edges  # else the two are a word of their own
    return kind if alone and kind == "sound" and written[other[0]] not in sounds().usual else ""

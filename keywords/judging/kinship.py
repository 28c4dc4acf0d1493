"""How close a wording is to the words of a tag: the same sound, one character away, or characters in common."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from keywords.finding.sound import sound_of
from keywords.normalise import normalise

#: One character away from a word of two is another word.
SHORTEST_EDIT = 3
#: Characters in common, as a share of the longer one's: from here on it is worth showing, or at least telling.
REARRANGED, ALIKE = 0.6, 0.4
_ANY = "\0"
_SOUND, _EDIT, _REARRANGED, _CHARACTERS = "sound", "edit", "rearranged", "characters"
_WEIGHTS = {_SOUND: 3.0, _EDIT: 2.0, _REARRANGED: 2.0, _CHARACTERS: 1.0}


@dataclass(frozen=True, slots=True)
class Kinship:
    """`how` is sound, edit, rearranged, characters or empty; `word` is the known word that it is close to."""

    how: str = ""
    word: str = ""

    @property
    def is_near(self) -> bool:
        """Whether this alone is worth showing to a person."""
        return self.how in (_SOUND, _EDIT, _REARRANGED)

    @property
    def weight(self) -> float:
        return _WEIGHTS.get(self.how, 0.0)


class Words:
    """The words of a tag, ready to be compared with."""

    def __init__(self, words: Collection[str]) -> None:
        self._plain = sorted({normalise(word) for word in words})
        self._sounds = {sound: word for word in self._plain if len(word) > 1 and (sound := sound_of(word))}
        long = [word for word in self._plain if len(word) >= SHORTEST_EDIT]
        self._whole = {word: word for word in long}
        self._changed = {key: word for word in long for key in _changed(word)}
        self._shorter = {key: word for word in long for key in _shorter(word)}

    def of(self, phrase: str) -> Kinship:
        """The closest kinship of a folded phrase that is not itself one of the words."""
        sound = sound_of(phrase)
        if sound is not None and sound in self._sounds:
            return Kinship(_SOUND, self._sounds[sound])
        if len(phrase) >= SHORTEST_EDIT and (word := self._one_edit(phrase)):
            return Kinship(_EDIT, word)
        share, word = max(((_in_common(word, phrase), word) for word in self._plain), default=(0.0, ""))
        if share >= ALIKE:
            return Kinship(_REARRANGED if share >= REARRANGED else _CHARACTERS, word)
        return Kinship()

    def _one_edit(self, phrase: str) -> str:
        """The word that becomes the phrase by changing, dropping or adding one character."""
        for key in _changed(phrase):
            if key in self._changed:
                return self._changed[key]
        longer = (self._whole[key] for key in _shorter(phrase) if key in self._whole)
        return self._shorter.get(phrase) or next(longer, "")


def _in_common(word: str, phrase: str) -> float:
    return len(set(word) & set(phrase)) / max(len(word), len(phrase)) if min(len(word), len(phrase)) > 1 else 0.0


def _changed(word: str) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + _ANY + word[place + 1 :]


def _shorter(word: str) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]

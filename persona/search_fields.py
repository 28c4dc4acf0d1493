"""Two inverted indexes over the entries: one of their texts' terms, one of the concepts they speak of."""

from array import array
from collections.abc import Mapping
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from persona.search_terms import PAIR, Terms

Floats = npt.NDArray[np.float32]


class _Spans:
    """Postings in one array for all keys, each key a span of it.

    Rows are added one by one and kept as numbers only: as dictionaries they would take many times as much.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.of: dict[str, tuple[int, int]] = {}
        self._keys: dict[str, int] = {}
        self._raw = (array("i"), array("i"), array("f"))

    def add(self, row: Mapping[str, float]) -> None:
        """The next row: a weight for each of its keys."""
        keys, places, weights = self._raw
        for key, weight in row.items():
            keys.append(self._keys.setdefault(key, len(self._keys)))
            places.append(self.rows)
            weights.append(weight)
        self.rows += 1

    def close(self) -> None:
        """All rows are there: sort the postings by key, rows of a key in their order."""
        keys, places, weights = (np.array(column) for column in self._raw)
        order = np.argsort(keys, kind="stable")
        self.places = places[order].astype(np.int32)
        self.weights = weights[order].astype(np.float32)
        ends = np.cumsum(np.bincount(keys, minlength=len(self._keys))).tolist()
        self.of = dict(zip(self._keys, zip([0, *ends], ends, strict=False), strict=True))
        self._keys, self._raw = {}, (array("i"), array("i"), array("f"))

    def norms(self, power: float) -> Floats:
        squares = np.bincount(self.places, self.weights.astype(np.float64) ** 2, self.rows)
        norms: Floats = (np.sqrt(squares + 1e-9) ** power).astype(np.float32)
        return norms


class TextField:
    """Texts that belong to entries; a text's score is the cosine of its terms with the query's."""

    def __init__(self) -> None:
        self._owners = array("i")
        self._spans = _Spans()

    def add(self, owner: int, terms: Terms) -> None:
        """A text of the entry at a position."""
        self._owners.append(owner)
        self._spans.add(terms)

    def close(self, entries: int) -> None:
        """All texts are there; so many entries own them."""
        self._entries = entries
        self._owner = np.array(self._owners, dtype=np.int32)
        self._spans.close()
        for term, (start, end) in self._spans.of.items():
            self._spans.weights[start:end] *= np.float32(self._idf(term))
        if len(self._owner):
            self._spans.weights /= self._spans.norms(1.0)[self._spans.places]

    def _idf(self, term: str) -> float:
        """How rare a term is; one that stands nowhere is as rare as can be."""
        start, end = self._spans.of.get(term, (0, 1))
        return log(1.0 + len(self._owner) / (end - start))

    def knows(self, word: str) -> bool:
        """Whether a word, or the pair of characters that it is, stands in a text."""
        return word in self._spans.of or PAIR + word in self._spans.of

    def holds(self, word: str, entry: int) -> bool:
        """Whether a text of the entry, by position, holds the word."""
        start, end = self._spans.of.get(word) or self._spans.of.get(PAIR + word, (0, 0))
        return bool(np.any(self._owner[self._spans.places[start:end]] == entry))

    def scores(self, query: Terms) -> Floats:
        """The best cosine of each entry's texts with the query, by entry position."""
        best = np.zeros(self._entries, dtype=np.float32)
        weighed = {term: weight * self._idf(term) for term, weight in query.items()}
        norm = sqrt(sum(value * value for value in weighed.values()))
        if not norm or not len(self._owner):
            return best
        texts = np.zeros(len(self._owner), dtype=np.float32)
        for term, value in weighed.items():
            start, end = self._spans.of.get(term, (0, 0))
            texts[self._spans.places[start:end]] += self._spans.weights[start:end] * np.float32(value / norm)
        hits = np.flatnonzero(texts)
        np.maximum.at(best, self._owner[hits], texts[hits])
        return best


class ConceptField:
    """What each entry speaks of, and how plainly (1 in its question, less in its answer)."""

    #: How far an entry that speaks of many things is held back.
    NORM_POWER = 0.75

    def __init__(self) -> None:
        self._spans = _Spans()

    def add(self, speaks: Mapping[str, float]) -> None:
        """What the next entry speaks of."""
        self._spans.add(speaks)

    def close(self) -> None:
        """All entries are there."""
        self._spans.close()
        spans, rows = self._spans, self._spans.rows
        self.unheard = log(1.0 + 2.0 * rows)
        self._rarity = {
            name: log(1.0 + rows / max(0.5, float(spans.weights[start:end].sum())))
            for name, (start, end) in spans.of.items()
        }
        for name, (start, end) in spans.of.items():
            spans.weights[start:end] *= np.float32(self._rarity[name])
        self._mass = np.bincount(spans.places, spans.weights, spans.rows)
        norms = spans.norms(self.NORM_POWER)
        self._norms = norms * np.float32(spans.norms(1.0).mean() ** (1.0 - self.NORM_POWER)) if rows else norms

    def knows(self, name: str) -> bool:
        return name in self._spans.of

    def rarity(self, name: str) -> float:
        """How much a concept tells: the rarer, the more; one that no entry speaks of tells most."""
        return self._rarity.get(name, self.unheard)

    def scores(self, query: Mapping[str, float]) -> Floats:
        """How well each entry speaks of the weighed concepts of a query; those that no entry knows do not count."""
        found = np.zeros(len(self._norms), dtype=np.float32)
        known = {name: weight for name, weight in query.items() if name in self._spans.of}
        total = sqrt(sum(weight * weight for weight in known.values()))
        for name, weight in known.items():
            start, end = self._spans.of[name]
            found[self._spans.places[start:end]] += self._spans.weights[start:end] * np.float32(weight / total)
        return np.divide(found, self._norms, out=found, where=self._norms > 0)

    def guessed(self, near: Mapping[str, float]) -> Floats:
        """How well each entry speaks of concepts that a question may mean, as near as it is to each."""
        found = np.zeros(len(self._norms), dtype=np.float32)
        for name, value in near.items():
            start, end = self._spans.of[name]
            found[self._spans.places[start:end]] += self._spans.weights[start:end] * np.float32(value / self.unheard)
        return found

    def likely(self, near: Mapping[str, float], entry: int) -> float:
        """How much an entry speaks of concepts that a question may mean."""
        return sum(value * self.strength(name, entry) for name, value in near.items())

    def strength(self, name: str, entry: int) -> float:
        """How plainly an entry speaks of a concept: 0 to 1."""
        start, end = self._spans.of.get(name, (0, 0))
        place = start + int(np.searchsorted(self._spans.places[start:end], entry))
        if place < end and self._spans.places[place] == entry:
            return min(1.0, float(self._spans.weights[place]) / self._rarity[name])
        return 0.0

    def told(self, name: str, least: float) -> npt.NDArray[np.bool_]:
        """Which entries speak of a concept more plainly than `least`."""
        start, end = self._spans.of.get(name, (0, 0))
        told = np.zeros(len(self._norms), dtype=np.bool_)
        plain = self._spans.weights[start:end] > np.float32(least * self._rarity.get(name, 0.0) + 1e-6)
        told[self._spans.places[start:end][plain]] = True
        return told

    def covered(self, query: Mapping[str, float], entry: int) -> tuple[float, float]:
        """How much of a query's weight an entry speaks of, and the share of the entry that the query names."""
        told = asked = 0.0
        for name, weight in query.items():
            strength = self.strength(name, entry)
            told += weight * strength
            asked += self.rarity(name) * strength
        return told, asked / (float(self._mass[entry]) or 1.0)

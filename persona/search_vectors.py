"""Likeness of meaning by vectors, where a model for them is installed. Optional: the search is complete without."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


#: Deviations beyond this say no more.
ENOUGH = 4.0


class Embed(Protocol):
    """Makes vectors of length 1; those of texts to `keep` may come from a store."""

    def ask(self, text: str) -> Floats: ...

    def keep(self, texts: Sequence[str], *, asked: bool) -> Floats: ...


class Likeness:
    """How much more an entry is like a question than entries usually are: deviations from their mean."""

    def __init__(self, texts: Sequence[str], embed: Embed) -> None:
        self._embed = embed
        self._entries = embed.keep(texts, asked=False)

    def of(self, text: str) -> Floats:
        """The likeness of every entry to a question."""
        likeness: Floats = self._standing(self._embed.ask(text)[None])[0]
        return likeness

    def of_all(self, texts: Sequence[str]) -> Floats:
        """The same of many questions that will come again, one a row."""
        return self._standing(self._embed.keep(texts, asked=True))

    def _standing(self, questions: Floats) -> Floats:
        alike: Floats = questions @ self._entries.T
        spread = alike.std(axis=1, keepdims=True)
        standing: Floats = (alike - alike.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-6)
        return np.minimum(standing, ENOUGH)

"""How a conversation leans: what a model fitted on labelled conversations makes of the customer's last turns.

A lexicon never holds every wording of anger or distress. The model weighs the letters of what the customer wrote, the
signals of the lexicon in it and what is said again; `benchmarks/fit.py` fits it on the same features.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import sqrt
from pathlib import Path

from keywords.finding.learned import Learned
from keywords.judging.talk import CUSTOMER, Heard, Turn, repeats

#: Turns of the customer that are read as one: what hurts is often told in pieces.
TOGETHER = 4
#: Letters that stand side by side and are read as one feature, at most.
_LONGEST = 3
#: What a signal, and what a repetition counts for beside a gram.
_SIGNAL, _CIRCLE = 1.5, 2.0
#: What a listed reason counts for by its score, and the score above which more says no more.
_RULED, _FULL = 0.75, 3.0
#: The longest stretch that is shown as the words that told most.
_SHOWN = 12
_LAST = "L"


class Hunch:
    """Weighs conversations. Immutable; safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._learned = Learned(path)

    def shares(self, turns: Sequence[Turn]) -> dict[str, float]:
        """How likely each reason is, "none" among them; the last turn is the customer's."""
        return self._learned.shares(features(turns))

    def telling(self, heard: Heard, reason: str) -> tuple[int, int]:
        """The stretch of a folded text that says most for a reason."""
        place = self._learned.classes.index(reason)
        weights = [0.0] * len(heard.flat)
        for start, gram in _grams(heard.flat):
            for prefix in ("", _LAST):
                scores = self._learned.weigh({prefix + gram: 1.0})
                for letter in range(max(start, 0), min(start + len(gram), len(weights))):
                    weights[letter] += (scores[place] - sum(scores) / len(scores)) / len(gram)
        ends = ((first, last) for first in range(len(weights)) for last in range(first + 1, first + _SHOWN + 1))
        inside = ((first, last) for first, last in ends if last <= len(weights))
        return max(inside, key=lambda span: sum(weights[span[0] : span[1]]), default=(0, 0))


def features(turns: Sequence[Turn]) -> dict[str, float]:
    """What the model reads in a conversation, brought to one length."""
    said = [turn.heard for turn in turns if turn.role == CUSTOMER][-TOGETHER:]
    told: dict[str, float] = {}
    for heard in said:
        told.update((gram, 1.0) for _, gram in _grams(heard.flat))
        told.update((f"S{name}", _SIGNAL) for name in heard.signals)
    last = said[-1]
    told.update((_LAST + gram, 1.0) for _, gram in _grams(last.flat))
    told.update((f"SL{name}", _SIGNAL) for name in last.signals)
    told.update((f"SP{one}+{other}", _SIGNAL) for one, other in combinations(sorted(last.signals), 2))
    for reason, score in last.scores.items():
        told[f"R{'+' if score > 0 else '-'}{reason}"] = _RULED * min(abs(score), _FULL)
    if len(turns) > 1:
        told.update(dict.fromkeys(_circles(turns), _CIRCLE))
    length = sqrt(len(told))
    return {feature: value / length for feature, value in told.items()}


def _circles(turns: Sequence[Turn]) -> Iterator[str]:
    found = repeats(turns)
    yield "#several"
    if found.stuck:
        yield "#stuck"
    if found.again:
        yield "#again"
    if found.asked:
        yield "#asked"


def _grams(flat: str) -> Iterator[tuple[int, str]]:
    """One to three letters side by side, beginning and end among them, each with its place in the text."""
    framed = f"^{flat}$"
    for size in range(1, _LONGEST + 1):
        for start in range(len(framed) - size + 1):
            yield start - 1, framed[start : start + size]

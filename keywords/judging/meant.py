"""How likely it is that a tag is meant of the writer: a fitted model's opinion on each match, beside the rules' own.

The rules say how a word stands (denied, over, asked, of somebody else); the model has seen what labelled sentences
made of that, and of the characters around it. Fitted by `benchmarks/fit.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path

from keywords.finding.learned import Learned
from keywords.judging.verdict import Said
from keywords.match import Match

MODEL = Path(__file__).parent.parent / "models" / "meant.bin"
#: From this likelihood on a tag is meant, where the rules give it too, and where they do not.
LIKELY, DESPITE = 0.65, 0.7
#: The first, for a tag that no labelled sentence knows: the operator's own words are trusted more than the model.
STRANGE = 0.4
#: What a sensitive tag needs beside the rules' own yes: where the writer says "I", and elsewhere.
CERTAIN_OF_SELF, CERTAIN = 0.5, 0.8

#: So many characters on either side of a match are looked at; of the whole text, so many.
_SIDE, _WHOLE = 10, 80
_SCALE = 1 / 6
#: The rules' verdict on a match that makes the tag the writer's.
GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match in its place: what the rules found there (`signs`) and made of it (`said`, in a word `verdict`)."""

    match: Match
    dimension: str
    signs: tuple[str, ...]
    said: tuple[Said, ...]
    verdict: str
    sensitive: bool = False
    known: bool = True

    def is_meant(self, likelihood: float) -> bool:
        """Whether that is likely enough for a tag of the writer."""
        if self.sensitive:
            return self.verdict == GIVEN and likelihood >= (CERTAIN_OF_SELF if "own" in self.signs else CERTAIN)
        if self.verdict != GIVEN:
            return likelihood >= DESPITE
        return likelihood >= (LIKELY if self.known else STRANGE)


class Judge:
    """The fitted model. Immutable; safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._learned = Learned(path)

    def likelihoods(self, flat: str, candidates: Sequence[Candidate]) -> list[float]:
        """For each candidate of a folded text, from 0 to 1."""
        if not candidates:
            return []
        (bare,), (whole,) = self._learned.weigh({}), self._learned.weigh(tone(flat))
        scores = [self._learned.weigh(stance(flat, one, candidates))[0] + whole - bare for one in candidates]
        return [1.0 / (1.0 + exp(-max(-30.0, min(30.0, score)))) for score in scores]


@cache
def fitted() -> Judge:
    """The judge of the house, read when it is first asked for."""
    return Judge(MODEL)


def tone(flat: str) -> dict[str, float]:
    """Features of a whole text, the same for all its matches."""
    text = f"^{flat[:_WHOLE]}$"
    grams = {gram for size in (1, 2, 3) for gram in _grams(text, size)}
    weight = 3 * _SCALE / sqrt(len(grams) + 1)
    found = {f"A{gram}": weight for gram in grams}
    found[f"length{min(8, len(flat) // 8)}"] = _SCALE
    return found


def stance(flat: str, one: Candidate, others: Iterable[Candidate]) -> dict[str, float]:
    """Features of a match among the `others` of its text; without the name of its tag, where that is not known."""
    match, dimension = one.match, one.dimension
    found: dict[str, float] = {"any": 1.0, f"K{match.kind}": 1.0, f"D{dimension}": 1.0}
    found |= dict.fromkeys((f"V{one.verdict}", f"V{one.verdict}{dimension}"), 2.0)
    for sign in one.signs:
        found |= dict.fromkeys((f"S{sign}", f"S{sign} {dimension}", f"S{sign} {one.verdict}"), 1.0)
    if one.known:
        written = flat[match.start : match.end]
        found |= dict.fromkeys((f"T{match.name}", f"TK{match.name}{match.kind}", f"TV{match.name}{one.verdict}"), 1.0)
        found |= dict.fromkeys((f"TW{match.name}{written}", f"W{match.word}"), 1.0)
    found |= _sides(flat, match, dimension)
    found |= _company(one, others)
    return {name: value * _SCALE for name, value in found.items()}


def _sides(flat: str, match: Match, dimension: str) -> dict[str, float]:
    """What stands left and right: at the match itself by length, further away as it comes."""
    left, right = f"^{flat[max(0, match.start - _SIDE) : match.start]}", f"{flat[match.end : match.end + _SIDE]}$"
    left = left if match.start <= _SIDE else left[1:]
    right = right if len(flat) - match.end <= _SIDE else right[:-1]
    both = (("L", left), ("R", right))
    found = {f"{side}{gram}": 0.7 for side, text in both for size in (1, 2, 3) for gram in _grams(text, size)}
    for size in range(1, 5):
        for side, text in (("l", left[-size:]), ("r", right[:size])):
            found[f"{side}{text}"] = found[f"{side}{dimension}{text}"] = 1.0
    found[f"b{left[-1:]}{right[:1]}"] = 1.0
    return found


def _company(one: Candidate, others: Iterable[Candidate]) -> dict[str, float]:
    """What else is found in the text."""
    named = {other.match.name: other for other in others if other.match.name != one.match.name}
    found = {f"with{min(3, len(named))}": 1.0}
    for other in named.values():
        found[f"beside{other.dimension}{other.verdict}"] = 1.0
    return found


def _grams(text: str, size: int) -> Iterable[str]:
    return (text[place : place + size] for place in range(len(text) - size + 1))

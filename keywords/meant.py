"""How likely it is that a tag is meant of the writer: a fitted model's opinion on each match, beside the rules' own.

The rules say how a word stands (denied, over, asked, of somebody else); the model has seen what labelled sentences
made of that, and of the characters around it. Fitted by `benchmarks/fit.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

from keywords.match import Match

#: So many characters on either side of a match are looked at; of the whole text, so many.
_SIDE, _WHOLE = 10, 120
_SCALE = 1 / 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match in its place: what the rules found there (`signs`) and made of it (`verdict`)."""

    match: Match
    dimension: str
    signs: tuple[str, ...]
    verdict: str


def tone(flat: str) -> dict[str, float]:
    """Features of a whole text, the same for all its matches."""
    text = f"^{flat[:_WHOLE]}$"
    grams = {gram for size in (1, 2, 3) for gram in _grams(text, size)}
    weight = 3 * _SCALE / sqrt(len(grams) + 1)
    found = {f"A{gram}": weight for gram in grams}
    found[f"length{min(8, len(flat) // 8)}"] = _SCALE
    return found


def stance(flat: str, one: Candidate, others: Iterable[Candidate], *, known: bool = True) -> dict[str, float]:
    """Features of a match among the `others` of its text; without the name of its tag, where that is not `known`."""
    match, dimension = one.match, one.dimension
    found: dict[str, float] = {"any": 1.0, f"K{match.kind}": 1.0, f"D{dimension}": 1.0}
    found |= dict.fromkeys((f"V{one.verdict}", f"V{one.verdict}{dimension}"), 2.0)
    for sign in one.signs:
        found |= dict.fromkeys((f"S{sign}", f"S{sign} {dimension}", f"S{sign} {one.verdict}"), 1.0)
    if known:
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
    found = {f"{side}{gram}": 0.7 for side, text in (("L", left), ("R", right)) for n in (1, 2, 3) for gram in _grams(text, n)}
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


def both(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {**first, **second}

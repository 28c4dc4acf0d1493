"""What a benchmark brings home: a figure, its unit, what it is to reach, and whether it does."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table. `limit` is reached from above when `at_least`, else from below; None: only shown."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all values do not exceed. Raises ValueError when there is none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(figures: list[Figure], write: Callable[[str], Any] = print) -> bool:
    """Print the table. Returns whether every target is met."""
    width = max(len(figure.name) for figure in figures)
    write(f"\n{'':{width}}  {'figure':>10} {'':8}  {'target':>10}")
    for figure in figures:
        target = "" if figure.limit is None else f"{'>=' if figure.at_least else '<='} {_short(figure.limit)}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        write(f"{figure.name:{width}}  {_short(figure.value):>10} {figure.unit:8}  {target:>10}  {verdict}")
    missed = [figure for figure in figures if figure.met is False]
    judged = sum(figure.met is not None for figure in figures)
    write(f"\n{judged - len(missed)} of {judged} targets met")
    return not missed


def as_json(figures: list[Figure]) -> str:
    """The same for machines, one object a line."""
    return "\n".join(json.dumps({**vars(figure), "met": figure.met}) for figure in figures)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

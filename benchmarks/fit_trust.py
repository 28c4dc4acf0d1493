"""Fits the weights of persona/search_trust.py to labelled questions and prints them: python benchmarks/fit_trust.py

A logistic regression by Newton's method: was the entry ranked first the right one? The sentences that no entry answers
are among the questions, at a quarter of the weight. Copy the weights over by hand, after looking at them.
"""

import json
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from handlers.analysis import analyse
from persona.entries import load_knowledge
from persona.knowledge import Index
from persona.search_trust import Signs, out_of_scope

LABELLED = Path(__file__).parents[1] / "tests" / "labelled"
SETS = {"beauty": ("faq.dev.jsonl", "faq.train.jsonl"), "coffee": ("faq.dev.jsonl",)}
#: Signs that these sets do not show: own questions, and vectors.
UNSEEN = ("verbatim", "alike")
BANK_WEIGHT, SHRINK = 0.25, 1.0
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print each sign's weight, the bias last."""
    seen = [(signs, right, weight) for brand, files in SETS.items() for signs, right, weight in _rows(brand, files)]
    names = [field.name for field in fields(Signs)]
    signs, rights, weights = (np.array(column, dtype=np.float64) for column in zip(*seen, strict=True))
    signs[:, [names.index(name) for name in UNSEEN]] = 0
    for name, weight in zip([*names, "bias"], _fit(signs, rights, weights), strict=True):
        print(f"{name:10} {weight:6.2f}")


def _rows(brand: str, files: tuple[str, ...]) -> list[tuple[tuple[float, ...], bool, float]]:
    """The signs of each question that finds an entry, whether that is right, and how much the question weighs."""
    index = Index(load_knowledge(LABELLED / brand / "knowledge.jsonl"), analyse)
    gold = [json.loads(line) for file in files for line in (LABELLED / brand / file).read_text("utf-8").splitlines()]
    asked = [(row["text"], {row["gold"], *row["accept"]} - {None}, 1.0) for row in gold]
    asked += [(line, set(), BANK_WEIGHT) for line in out_of_scope()]
    found = ((index.look(text), right, weight) for text, right, weight in asked)
    return [(astuple(look[1]), look[0].id in right, weight) for look, right, weight in found if look]


def _fit(signs: Floats, rights: Floats, weights: Floats) -> Floats:
    scale = signs.std(axis=0) + 1e-9
    rows = np.c_[signs / scale, np.ones(len(signs))]
    shrink = SHRINK * np.diag([*np.ones(signs.shape[1]), 0.0])
    fitted = np.zeros(rows.shape[1])
    for _ in range(50):
        sure = 1.0 / (1.0 + np.exp(-rows @ fitted))
        slope = rows.T @ ((sure - rights) * weights) + shrink @ fitted
        curve = (rows * (weights * sure * (1.0 - sure))[:, None]).T @ rows + shrink + 1e-9 * np.eye(len(fitted))
        fitted -= np.linalg.solve(curve, slope)
    return fitted / np.append(scale, 1.0)


if __name__ == "__main__":
    main()

"""A linear model over hashed features, fitted on labelled sentences (`make fit`), read from one small file.

Each feature is a word of our own choosing; its hash is a place in the table of weights. Two features may share a place:
with far more places than features that matter, little is lost, and no vocabulary is held in memory.

The file: a line of JSON (classes, bits, scales, biases), then the weights as signed bytes, class by class, deflated.
"""

import json
import zlib
from collections.abc import Mapping
from math import exp
from pathlib import Path


class Learned:
    """A model of one or more classes. Immutable; safe for many threads."""

    def __init__(self, path: Path) -> None:
        header, _, packed = path.read_bytes().partition(b"\n")
        told = json.loads(header)
        self.classes: tuple[str, ...] = tuple(told["classes"])
        self._mask = (1 << told["bits"]) - 1
        self._biases: list[float] = told["biases"]
        self._scales: list[float] = told["scales"]
        weights = memoryview(zlib.decompress(packed)).cast("b")
        size = self._mask + 1
        self._weights = [weights[number * size : (number + 1) * size] for number in range(len(self._scales))]

    def weigh(self, features: Mapping[str, float]) -> list[float]:
        """A score for each row of weights: what its classes' probabilities are made of."""
        places = [(zlib.crc32(feature.encode()) & self._mask, value) for feature, value in features.items()]
        return [
            bias + scale * sum(weights[place] * value for place, value in places)
            for bias, scale, weights in zip(self._biases, self._scales, self._weights, strict=True)
        ]

    def likelihood(self, features: Mapping[str, float]) -> float:
        """How likely the one class of a model is, from 0 to 1."""
        (score,) = self.weigh(features)
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))

    def shares(self, features: Mapping[str, float]) -> dict[str, float]:
        """How likely each class is; together 1."""
        scores = self.weigh(features)
        top = max(scores)
        odds = [exp(score - top) for score in scores]
        return {name: odd / sum(odds) for name, odd in zip(self.classes, odds, strict=True)}

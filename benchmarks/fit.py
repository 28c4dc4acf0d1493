"""Fits the linear models of `keywords/models` on the labelled sets of `tests/labelled`: `make fit`.

Needs scikit-learn, which nothing else does; `make fit` brings it. The held halves (`*.held.jsonl`) are never read here:
they measure what was fitted. Deterministic: the same sets give the same files.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LABELLED, MODELS = ROOT / "tests" / "labelled", ROOT / "keywords" / "models"
Row = dict[str, Any]


def files(*patterns: str) -> list[Path]:
    """Labelled files, in order of patterns and names. Raises ValueError for a held half."""
    paths = [path for pattern in patterns for path in sorted(LABELLED.glob(pattern))]
    if any(".held." in path.name for path in paths):
        raise ValueError("held halves are for measuring")
    return paths


def rows(*patterns: str) -> list[Row]:
    """The rows of labelled files. Raises ValueError for a held half."""
    lines = [line for path in files(*patterns) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines if line]


def digest(paths: Iterable[Path]) -> str:
    """What tells one state of the files from another; a model's header names that which it was fitted on."""
    told = hashlib.sha256()
    for path in paths:
        told.update(path.name.encode() + b"\n" + path.read_bytes())
    return told.hexdigest()[:16]


def matrix(examples: Iterable[Mapping[str, float]], bits: int) -> Any:
    """Features as `keywords.finding.learned` places them, one row an example."""
    from scipy.sparse import csr_matrix

    places: list[int] = []
    values: list[float] = []
    ends = [0]
    for features in examples:
        row: dict[int, float] = {}
        for feature, value in features.items():
            place = zlib.crc32(feature.encode()) & ((1 << bits) - 1)
            row[place] = row.get(place, 0.0) + value
        for place in sorted(row):
            places.append(place)
            values.append(row[place])
        ends.append(len(places))
    return csr_matrix((values, places, ends), shape=(len(ends) - 1, 1 << bits))


def write(path: Path, classes: Sequence[str], bits: int, weights: Any, biases: Any, of: str = "") -> None:
    """Write a model as `keywords.finding.learned` reads it: a row of weights for each bias. `of` is a digest."""
    import numpy as np

    scales = np.abs(weights).max(axis=1) / 127.0
    packed = np.rint(weights / scales[:, None]).astype(np.int8).tobytes()
    header = {
        "classes": list(classes),
        "bits": bits,
        "scales": [round(float(scale), 8) for scale in scales],
        "biases": [round(float(bias), 6) for bias in biases],
        "of": of,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(json.dumps(header, ensure_ascii=False).encode() + b"\n" + zlib.compress(packed, 9))

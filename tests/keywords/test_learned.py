"""A fitted model is read from its file as it was written, and weighs features by where their hash puts them."""

import json
import zlib
from pathlib import Path

import pytest

from keywords.finding.learned import Learned

BITS = 6


def model(folder: Path, rows: list[dict[str, int]], classes: list[str]) -> Learned:
    tables = [[0] * (1 << BITS) for _ in rows]
    for table, weights in zip(tables, rows, strict=True):
        for feature, weight in weights.items():
            table[zlib.crc32(feature.encode()) & ((1 << BITS) - 1)] = weight
    header = {"classes": classes, "bits": BITS, "scales": [0.5] * len(rows), "biases": [0.25] * len(rows)}
    packed = b"".join(bytes(weight & 0xFF for weight in table) for table in tables)
    path = folder / "model.bin"
    path.write_bytes(json.dumps(header).encode() + b"\n" + zlib.compress(packed))
    return Learned(path)


def test_a_score_is_bias_and_weights_times_values(tmp_path: Path) -> None:
    learned = model(tmp_path, [{"甲": 4, "乙": -100}], ["是"])

    assert learned.weigh({"甲": 1.0, "乙": 0.5}) == [pytest.approx(0.25 + 0.5 * (4 - 50))]
    assert learned.weigh({}) == [0.25]


def test_likelihood_stays_between_none_and_one(tmp_path: Path) -> None:
    learned = model(tmp_path, [{"甲": 127, "乙": -128}], ["是"])

    assert learned.likelihood({"甲": 1000.0}) > 0.999
    assert learned.likelihood({"乙": 1000.0}) < 0.001


def test_the_shares_of_classes_are_one_together(tmp_path: Path) -> None:
    learned = model(tmp_path, [{"甲": 4}, {"乙": 4}, {}], ["a", "b", "c"])

    shares = learned.shares({"甲": 1.0})

    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=lambda name: shares[name]) == "a"
    assert shares["b"] == shares["c"]

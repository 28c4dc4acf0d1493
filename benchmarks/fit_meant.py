"""Fits keywords/models/meant.bin: is a found tag meant of the writer? See `keywords/judging/meant.py`; `make fit`.

Every match in the labelled messages is an example, twice: with the name of its tag and without, because a brand's own
tags have none that the model knows. Tags that a row calls optional are left out.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.fit import LABELLED, ROOT, digest, files, matrix, rows, write
from keywords.judging.meant import MODEL, stance, tone
from keywords.tagger import load_tagger
from keywords.text import read_text

VERTICALS = ("beauty", "coffee", "snacks", "clothing", "baby")
SETS = ("tagging.dev.jsonl", "reviews.dev.jsonl", "train_*.jsonl")
BITS, STRENGTH = 17, 10.0
#: How much an example counts with the name of its tag, and without.
NAMED, UNNAMED = 0.67, 0.33


def main() -> None:
    """Write the model."""
    from sklearn.linear_model import LogisticRegression

    features: list[dict[str, float]] = []
    meant: list[bool] = []
    weights: list[float] = []
    for vertical in VERTICALS:
        for example, is_meant, weight in _examples(vertical):
            features.append(example)
            meant.append(is_meant)
            weights.append(weight)
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit(matrix(features, BITS), meant, weights)
    write(MODEL, ["meant"], BITS, model.coef_, model.intercept_, digest(sources()))


def sources() -> list[Path]:
    """What the model depends on: the labelled sets, and the words by which matches are found and understood."""
    lexicons = ROOT / "keywords" / "lexicons"
    words = [
        lexicons / f"{name}.yaml" for name in ("general", "clause", "people", "quantity", "spam", "cues", "elsewhere")
    ]
    sets = files(*(f"{vertical}/{name}" for vertical in VERTICALS for name in SETS))
    return [*sets, *words, *sorted(lexicons.glob("trade_*.yaml"))]


def _examples(vertical: str) -> Iterator[tuple[dict[str, float], bool, float]]:
    tagger = load_tagger(LABELLED / vertical / "catalogue.yaml")
    for row in rows(*(f"{vertical}/{name}" for name in SETS)):
        text = read_text(row["text"])
        candidates = tagger.candidates(text)
        whole = tone(text.flat)
        for one in candidates:
            name = one.match.name
            if name in row["tags"] or name not in row.get("optional", ()):
                for known, weight in ((True, NAMED), (False, UNNAMED)):
                    seen = replace(one, known=known)
                    yield whole | stance(text.flat, seen, candidates), name in row["tags"], weight


if __name__ == "__main__":
    main()

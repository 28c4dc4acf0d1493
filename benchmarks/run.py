"""Measures Wanzi against its targets on this machine and prints one table; ratios are of figures of the same run.

python benchmarks/run.py [--quick] [--json] [acks] [answers] [welcome] [footprint] [tagging] [asking]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import acks
import answers
import asking
import footprint
import tagging
import welcome
from figures import Figure, as_json, show
from house import make_brand

SUBJECTS: dict[str, Callable[..., list[Figure]]] = {
    "footprint": footprint.measure,
    "acks": acks.measure,
    "trouble": acks.in_trouble,
    "answers": answers.measure,
    "welcome": welcome.measure,
    "tagging": tagging.measure,
    "asking": asking.measure,
}


def main() -> bool:
    """Run what was asked for. Returns whether every target was met."""
    parser = argparse.ArgumentParser(description="Measure Wanzi against its targets on this machine.")
    parser.add_argument("subjects", nargs="*", metavar="subject", help=f"of {', '.join(SUBJECTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="shorter rounds: about a minute, less exact")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    given = parser.parse_args()
    if unknown := set(given.subjects) - set(SUBJECTS):
        parser.error(f"unknown subject {sorted(unknown)[0]}; known: {', '.join(SUBJECTS)}")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="wanzi-bench-") as made:
        folder = Path(made)
        brand = make_brand(folder / "brand")
        for name in given.subjects or [name for name in SUBJECTS if name != "trouble"]:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            figures += SUBJECTS[name](folder, brand, quick=given.quick)
    if given.json:
        print(as_json(figures))
        return all(figure.met is not False for figure in figures)
    return show(figures)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)

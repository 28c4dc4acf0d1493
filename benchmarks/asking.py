"""What finding an entry costs: questions to ten thousand entries, and loading them."""

import time
from dataclasses import replace
from pathlib import Path

from figures import Figure, percentile
from house import BRAND, questions

from handlers.analysis import analyse
from persona.entries import Entry, load_knowledge
from persona.knowledge import Index

ENTRIES = 10_000


def measure(_folder: Path, _brand: Path, *, quick: bool) -> list[Figure]:
    """Milliseconds of a question, seconds of the load; the concept lexicons are read before."""
    analyse("包邮吗")
    entries = _many(load_knowledge(BRAND / "knowledge.jsonl"), ENTRIES)
    began = time.process_time()
    index = Index(entries, analyse)
    loaded_s = time.process_time() - began
    costs = []
    for question in questions() * (1 if quick else 3):
        began = time.perf_counter()
        index.search(question)
        costs.append(time.perf_counter() - began)
    return [
        Figure("asking: 10,000 entries, p95", percentile(costs, 0.95) * 1000, "ms", 15),
        Figure("asking: processor time to load 10,000 entries", loaded_s, "s", 3),
    ]


def _many(entries: list[Entry], wanted: int) -> list[Entry]:
    """The entries again and again, each time with another's answer."""
    return [
        replace(entry, id=f"E{number}", question=f"{number}{entry.question}", similar=(), answer=other.answer)
        for number in range(wanted)
        for entry, other in [(entries[number % len(entries)], entries[number * 7 % len(entries)])]
    ]

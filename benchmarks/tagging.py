"""What reading a message for tags costs: with many tags and words, with very many words, and from a cold start."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from figures import Figure, percentile

from keywords.catalogue import Catalogue, TagRule, load_catalogue
from keywords.tagger import Tagger

LABELLED = Path(__file__).parents[1] / "tests" / "labelled" / "beauty"
SYLLABLES = "皮肤水油干面膜口红防晒霜精华天地人和风雨春夏秋冬山石田土金木火大小高低长短新旧好美白黑黄蓝绿甜苦酸辣"
COLD = """
import time
began = time.perf_counter()
from pathlib import Path
from keywords.tagger import load_tagger
load_tagger(Path({catalogue!r})).read("我是敏感肌")
print(time.perf_counter() - began)
"""


def measure(_folder: Path, _brand: Path, *, quick: bool) -> list[Figure]:
    """Milliseconds a message, the ratio of costs, seconds of a cold start (imports, lexicons, first message)."""
    texts = _texts()[: 100 if quick else None]
    few, usual, many = (_costs(texts, *size) for size in ((10, 100), (1_000, 10_000), (1_000, 100_000)))
    return [
        Figure("tagging: 1,000 tags and 10,000 words, p95", percentile(usual, 0.95) * 1000, "ms", 1.0),
        Figure("tagging: 100,000 words cost x 100 words", sum(many) / sum(few), "x", 8.0),
        Figure("tagging: cold start", median(_cold_start() for _ in range(3)), "s", 0.5),
    ]


def _texts() -> list[str]:
    files = (LABELLED / "tagging.dev.jsonl", LABELLED / "reviews.dev.jsonl")
    return [json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _costs(texts: list[str], tags: int, words: int) -> list[float]:
    """Seconds for each text, with the sample catalogue and so many tags and words beside it."""
    tagger = Tagger(_catalogue(tags, words))
    for text in texts[:20]:
        tagger.read(text)
    costs = []
    for text in texts:
        began = time.perf_counter()
        tagger.read(text)
        costs.append(time.perf_counter() - began)
    return costs


def _catalogue(tags: int, words: int) -> Catalogue:
    chance, made = random.Random(words), dict[str, None]()
    while len(made) < words:
        made["".join(chance.choices(SYLLABLES, k=chance.randint(2, 5)))] = None
    listed = list(made)
    more = (TagRule(f"标签{number}", "preference", tuple(listed[number::tags])) for number in range(tags))
    return Catalogue("1", (*load_catalogue(LABELLED / "catalogue.yaml").tags, *more))


def _cold_start() -> float:
    code = COLD.format(catalogue=str(LABELLED / "catalogue.yaml"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)

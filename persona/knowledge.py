"""The brand's knowledge: entries, and the search that finds the one a customer means.

Words and character bigrams of a question are weighed by how rare they are (idf) and compared by cosine with every
entry's question and similar questions; the answer's words help a little. Scores lie in [0, 1] for every brand.
"""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from persona.entries import Entry

Floats = npt.NDArray[np.float32]
Terms = dict[str, float]
Cut = Callable[[str], list[str]]

#: What a match in the answer's own words adds, beside the question's.
ANSWER_WEIGHT = 0.25
#: Words that carry no meaning of their own in a question.
STOP = frozenset(
    """的 了 吗 呢 啊 吧 呀 哦 嗯 么 我 你 您 他 她 们 是 在 有 和 与 就 都 也 还 要 想 请问 一下 这 那 个
    什么 怎么 可以 能 会 给 把 被 让 到 不 没 没有 请 呐 哈 哎 谢谢 你们 我们 你家 你们家 咱们 一个 这个
    那个 为什么 多少 几 怎样 如何 怎么办 咋办""".split()
)


@dataclass(frozen=True)
class Candidate:
    """An entry found, and how well it fits (0 to 1)."""

    entry: Entry
    score: float


def terms(words: list[str]) -> Terms:
    """The terms of a segmented text: its words, and its character bigrams at half weight."""
    kept = [word.lower() for word in words if word.strip() and word.lower() not in STOP and word.isalnum()]
    counted: Counter[str] = Counter(kept)
    weights: Terms = {term: 1.0 + log(count) for term, count in counted.items()}
    flat = "".join(kept)
    for place in range(len(flat) - 1):
        pair = "²" + flat[place : place + 2]
        weights[pair] = 0.5
    return weights


class Index:
    """Searches the questions of a knowledge base. Built once, immutable, safe for many threads."""

    def __init__(self, entries: list[Entry], cut: Cut) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self._order = entries
        self._cut = cut
        self._questions = _Field([(i, text) for i, e in enumerate(entries) for text in (e.question, *e.similar)], cut)
        self._answers = _Field([(i, entry.answer) for i, entry in enumerate(entries)], cut)

    def search(self, text: str, most: int = 5) -> list[Candidate]:
        """The best entries for a question, best first; entries that share nothing with it are not among them."""
        if not self._order:
            return []
        query = terms(self._cut(text))
        scores = self._questions.scores(query, len(self._order))
        scores += ANSWER_WEIGHT * (1.0 - scores) * self._answers.scores(query, len(self._order))
        hits = np.flatnonzero(scores)
        best = hits[np.argsort(-scores[hits], kind="stable")[:most]]
        return [Candidate(self._order[int(i)], round(float(scores[i]), 4)) for i in best]


class _Field:
    """Texts that belong to entries, as an inverted index: term -> span of (texts, weights)."""

    def __init__(self, texts: list[tuple[int, str]], cut: Cut) -> None:
        self._owner = np.array([owner for owner, _ in texts], dtype=np.int32)
        raw: dict[str, tuple[array[int], array[float]]] = {}
        for number, (_, text) in enumerate(texts):
            for term, weight in terms(cut(text)).items():
                places, weights = raw.setdefault(term, (array("i"), array("f")))
                places.append(number)
                weights.append(weight)
        # one array for all terms, each term a span of it: an array for each would take several times the memory
        ends = np.cumsum([len(places) for places, _ in raw.values()], dtype=np.int64).tolist()
        self._spans = dict(zip(raw, zip([0, *ends], ends, strict=False), strict=True))
        self._places = np.frombuffer(b"".join(places.tobytes() for places, _ in raw.values()), np.int32)
        weights_ = np.frombuffer(b"".join(weights.tobytes() for _, weights in raw.values()), np.float32).copy()
        for term, (start, end) in self._spans.items():
            weights_[start:end] *= np.float32(self._idf(term))
        squares = np.bincount(self._places, weights_.astype(np.float64) ** 2, len(texts))
        self._weights: Floats = weights_ / np.sqrt(squares + 1e-9).astype(np.float32)[self._places]

    def _idf(self, term: str) -> float:
        """How rare a term is; one that stands nowhere is as rare as can be."""
        start, end = self._spans.get(term, (0, 1))
        return log(1.0 + len(self._owner) / (end - start))

    def scores(self, query: Terms, entries: int) -> Floats:
        """The best cosine of each entry's texts with the query, by entry position."""
        best = np.zeros(entries, dtype=np.float32)
        if not len(self._owner):
            return best
        weighed = {term: weight * self._idf(term) for term, weight in query.items()}
        norm = sqrt(sum(value * value for value in weighed.values()))
        if not norm:
            return best
        texts = np.zeros(len(self._owner), dtype=np.float32)
        for term, value in weighed.items():
            start, end = self._spans.get(term, (0, 0))
            texts[self._places[start:end]] += self._weights[start:end] * np.float32(value / norm)
        hits = np.flatnonzero(texts)
        np.maximum.at(best, self._owner[hits], texts[hits])
        return best

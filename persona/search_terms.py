"""What the search knows of a text: its words, the concepts it speaks of, and the words that no concept explains."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Protocol

Terms = dict[str, float]

#: Kinds of concepts with a rule of their own: how something is asked, what is asked of a thing, and things; what is not
#: a shop's business, what is said beside the matter, and what shops are asked and seldom tell; for whom a product must
#: be safe.
ASKING, ASPECTS, THINGS = "asking", "aspects", "things"
ELSEWHERE, ASIDES, COMPANY, CARE = "elsewhere", "asides", "company", "care"
#: A pair of characters that stands side by side counts beside the words.
PAIR, PAIR_WEIGHT = "²", 0.5
#: Words that carry no meaning of their own in a question.
STOP = frozenset(
    """的 了 吗 呢 啊 吧 呀 哦 嗯 么 我 你 您 他 她 们 是 在 有 和 与 就 都 也 还 要 想 请问 一下 这 那 个
    什么 怎么 可以 能 会 给 把 被 让 到 不 没 没有 请 呐 哈 哎 谢谢 你们 我们 你家 你们家 咱们 一个 这个
    那个 为什么 多少 几 怎样 如何 怎么办 咋办 咋 不 嘛 啦 着 过 地 得 跟 啥 行 不行 好 很 太 再 又 现在 时候
    这边 那边 这种 那种 然后 但是 可是 因为 所以 如果 的话 而且 还是 或者
    已经 自己 东西 一直 有点 有没有 是不是 能不能""".split()
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text as the search sees it.

    `flat` is the folded text; `concepts` maps names to kinds; `loose` are the telling words outside all concepts;
    `guess` tells the concepts that a question may mean without a known wording, and how near it is to theirs (0 to 1).
    """

    flat: str
    words: tuple[str, ...]
    concepts: dict[str, str]
    loose: tuple[str, ...] = ()
    guess: Callable[[], dict[str, float]] = dict


class Analyse(Protocol):
    """Analyses a text: a question closely; what is told, which is longer and plainer, only by its words."""

    def __call__(self, text: str, *, asked: bool) -> Analysis: ...


def is_loose(word: str) -> bool:
    """Whether a word outside all concepts says something."""
    return len(word) > 1 and word.isalnum() and word not in STOP


def terms(words: tuple[str, ...], *, pairs: bool = True) -> Terms:
    """The terms of a segmented text: its words, and its pairs of characters at half weight."""
    kept = [word for word in words if word not in STOP and word.isalnum()]
    weights: Terms = {term: 1.0 + log(count) for term, count in Counter(kept).items()}
    flat = "".join(kept) if pairs else ""
    for place in range(len(flat) - 1):
        weights[PAIR + flat[place : place + 2]] = PAIR_WEIGHT
    return weights

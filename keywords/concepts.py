"""What a text is about: the concepts of the shipped lexicons, each spoken of in many wordings.

A question ("还没寄，能换个地方收不") and the entry that answers it ("付款后还能修改收货地址吗") often share no word;
they share concepts. The kind of a concept is its file: `asking` and `elsewhere` have rules of their own in the search,
the others are subjects.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from keywords.finding.nearby import Nearby
from keywords.finding.spotting import Spotter
from keywords.lexicon import Meaning, load_lexicon
from keywords.text import Text

LEXICONS = Path(__file__).parent / "lexicons"
_PREFIX = "concepts_"
#: Kinds that are no subjects: a text is not likened to them.
OUTSIDE = ("asking", "aspects", "asides", "elsewhere")
#: Kind of the concepts that stay heard inside longer words.
THINGS = "things"


@dataclass(frozen=True, slots=True)
class Spotted:
    """A concept, and the stretch of the folded text that speaks of it."""

    name: str
    kind: str
    start: int
    end: int


class Concepts:
    """Finds the concepts of some lexicon files. Immutable; safe for many threads."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._kinds: dict[str, str] = {}
        things: set[str] = set()

        def told() -> Iterator[Meaning]:
            for kind, meaning in _told(files):
                self._kinds.setdefault(meaning.name, kind)
                if kind == THINGS:
                    things.add(meaning.name)
                yield meaning

        self._spotter = Spotter(told(), things)
        self._nearby = Nearby(meaning for kind, meaning in _told(files) if kind not in OUTSIDE)

    def spot(self, text: Text, *, phrases: bool = True) -> list[Spotted]:
        """The concepts of a text; one that is said twice stands twice. Without `phrases`: those said in a word."""
        return [
            Spotted(name, self._kinds[name], start, end)
            for start, end, name in self._spotter.find(text, phrases=phrases)
        ]

    def guess(self, text: Text) -> dict[str, float]:
        """The subjects a text may speak of, and how near its characters are to their wordings (0 to about 1)."""
        return self._nearby.guess(text.flat)


def _told(files: Iterable[Path]) -> Iterator[tuple[str, Meaning]]:
    """The meanings of the files with their kinds. Read again each time: held all at once, they would take the most."""
    for path in files:
        kind = path.stem.removeprefix(_PREFIX)
        yield from ((kind, meaning) for meaning in load_lexicon(path).values())


@cache
def shipped_concepts() -> Concepts:
    """The concepts of every shipped lexicon, read once."""
    return Concepts(sorted(LEXICONS.glob(f"{_PREFIX}*.yaml")))

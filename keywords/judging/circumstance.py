"""The circumstances of a match: is it said of the writer, now, and meant? Brings clauses and people together."""

from keywords.finding.patterns import pattern, read_patterns
from keywords.judging import clause as clauses_
from keywords.judging.clause import Clause
from keywords.judging.cues import Cues
from keywords.judging.people import SELF, People
from keywords.judging.verdict import Said
from keywords.lexicon import Meaning
from keywords.match import Match

#: In which circumstances a tag of a dimension still holds, unless its meaning says otherwise.
HOLDS = {
    "attribute": frozenset[str](),
    "product": frozenset({"past", "supposed", "asked", "others"}),
    "user": frozenset({"asked", "past"}),
    "preference": frozenset({"past", "supposed", "asked", "others"}),
    "value": frozenset({"past", "supposed", "asked", "others"}),
    "channel": frozenset({"past", "supposed", "asked", "others"}),
}
#: Taking back is heard for these; what somebody spends or where they came from is not taken back by a "no".
_WITHDRAWN = ("attribute", "product", "preference", "user")


class Circumstances:
    """One folded text, taken apart."""

    def __init__(self, flat: str) -> None:
        self.flat = flat
        self.parts = clauses_.clauses(flat)
        self.corrections = clauses_.corrections(flat)
        self._people = People(flat)
        self._quoted = clauses_.quoted(flat)

    def judge(self, match: Match, meaning: Meaning, dimension: str) -> list[Said]:
        """What a match says, of each person it is about; nothing when it does not hold."""
        part = self._part(match)
        holds = HOLDS[dimension] if meaning.holds is None else meaning.holds
        if part is None or self._is_quoted(match) or (dimension == "attribute" and self._is_definition(match)):
            return []
        if self._is_unsure(match, part, meaning, holds):
            return []
        denied = "denied" not in holds and self._denied(match, part)
        over = part.has_ended(match.start, self.flat) if "past" in holds else part.is_over(match.start, match.end)
        abouts = self._about(match, part, meaning, dimension, holds)
        if denied or over:
            own = "" in abouts and dimension in _WITHDRAWN and not part.asks
            return [Said(match, dimension, "", withdraws=True)] if own else []
        return [Said(match, dimension, about) for about in abouts]

    def signs(self, match: Match, meaning: Meaning, cues: Cues) -> tuple[str, ...]:
        """What stands around a match, whether or not its tag minds."""
        part = self._part(match)
        if part is None:
            return ("outside",)
        seen = {
            "quoted": self._is_quoted(match),
            "defined": self._is_definition(match),
            "supposed": part.supposes(match.start),
            "uncertain": part.is_uncertain(match.start, match.end),
            "asked": part.asks,
            "own": part.own,
            "denied": self._denied(match, part),
            "harmless": part.has_harmless(match.start),
            "past": part.is_over(match.start, match.end),
            "ended": part.has_ended(match.start, self.flat),
            "lone": len(part.text) <= match.end - match.start + 1,
            "whole": len(self.flat) <= match.end - match.start + 1,
            "generic": self._is_generic(match, part),
            "others": "" not in self._people.at(match.end),
            "both": len(self._people.at(match.end)) > 1,
            "acted": self._people.acts(part.start, match.start),
            "corrected": bool(self.corrections),
            "repeated": self.was_said(match),
            "sensitive": meaning.sensitive,
        }
        hints = cues.around(match.start, match.end, (part.start, part.end))
        return (*(sign for sign, is_there in seen.items() if is_there), *hints)

    def _is_generic(self, match: Match, part: Clause) -> bool:
        return bool(pattern("clause", "generic_after").search(self.flat, match.end, part.end))

    def _part(self, match: Match) -> Clause | None:
        """The clause in which a match ends."""
        return next((part for part in self.parts if part.start < match.end <= part.end), None) or next(
            (part for part in self.parts if part.start <= match.start < part.end), None
        )

    def _is_quoted(self, match: Match) -> bool:
        return any(start <= match.start and match.end <= end for start, end in self._quoted)

    def sentence(self, place: int) -> str:
        """The sentence around a place."""
        ends = pattern("clause", "ends")
        start = max((end.end() for end in ends.finditer(self.flat, 0, place)), default=0)
        stop = ends.search(self.flat, place)
        return self.flat[start : stop.end() if stop else len(self.flat)]

    def _is_definition(self, match: Match) -> bool:
        return clauses_.defines(self.sentence(match.start))

    def _is_unsure(self, match: Match, part: Clause, meaning: Meaning, holds: frozenset[str]) -> bool:
        """Only thought of; or, where certainty is asked for, only asked about and not of oneself."""
        if "supposed" not in holds and part.supposes(match.start):
            return True
        if not meaning.sensitive or "asked" in holds:
            return False
        return part.is_uncertain(match.start, match.end) or (part.asks and not part.own)

    def _denied(self, match: Match, part: Clause) -> bool:
        if match.kind == "quantity":
            return False
        parts = match.parts or ((match.start, match.end),)
        return part.denies(parts)

    def _about(
        self, match: Match, part: Clause, meaning: Meaning, dimension: str, holds: frozenset[str]
    ) -> tuple[str, ...]:
        """The persons whom a match describes."""
        if meaning.of:
            return (self._people.child_at(len(self.flat)) or meaning.of,)
        if dimension == "attribute" and "others" not in holds:
            children = read_patterns("people")["child"] if meaning.adult else ()
            about = self._people.at(match.end)
            return tuple("" if who in children else who for who in about)
        if "others" not in holds and self._people.acts(part.start, match.start):
            return ()
        return SELF

    def compared(self, first: Match, second: Match) -> bool:
        """Whether two contrary words are set beside each other, not said of one person."""
        start, end = sorted((first.start, second.start))
        sentence = self.sentence(first.start)
        if self.sentence(second.start) != sentence:
            return False
        between = self.flat[start:end]
        return "还是" in between or not pattern("clause", "own").search(sentence)

    def was_said(self, match: Match) -> bool:
        """Whether the writer repeats what they said before: 刚才说…"""
        part = self._part(match)
        return part is not None and bool(pattern("clause", "said_before").search(part.text[: match.start - part.start]))

    def is_slip(self, place: int) -> bool:
        """Whether the correction at a place says in so many words that what stands before it was a slip."""
        return bool(pattern("clause", "slip").match(self.flat, place))

    def before(self, place: int) -> int:
        """Where the clause before a place begins."""
        starts = [part.start for part in self.parts if part.start < place]
        return starts[-2] if len(starts) > 1 and starts[-1] >= place - 3 else starts[-1] if starts else 0

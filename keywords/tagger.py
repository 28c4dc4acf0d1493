"""Reads a message and says which tags its writer earns, with evidence."""

from dataclasses import dataclass

from keywords import clause as clauses_
from keywords.catalogue import Catalogue
from keywords.lexicon import Meaning
from keywords.match import Matcher
from keywords.text import Text, read_text


@dataclass(frozen=True)
class TagFinding:
    """A tag with its evidence. `relation` names the person it describes when that is not the writer.

    `withdraws`: the writer says that it is true no longer, or never was.
    """

    tag: str
    dimension: str
    span: str
    start: int
    end: int
    rule: str
    version: str
    confidence: float
    relation: str | None = None
    withdraws: bool = False

    def evidence(self) -> dict[str, object]:
        """What is kept beside the tag: the words, where they stand, the rule and its version."""
        return {
            "span": self.span,
            "start": self.start,
            "end": self.end,
            "rule": self.rule,
            "version": self.version,
            "confidence": self.confidence,
        }


class Tagger:
    """Reads messages with one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._dimensions = {rule.name: rule.dimension for rule in catalogue.tags}
        self._matcher = Matcher(Meaning(rule.name, words=rule.words) for rule in catalogue.tags)

    def read(self, text: str | Text) -> list[TagFinding]:
        """Tags of the writer (`relation` None) and traits of others, in the order of their words, each once."""
        ready = read_text(text) if isinstance(text, str) else text
        if clauses_.is_spam(ready.flat):
            return []
        parts = clauses_.clauses(ready.flat)
        findings: dict[tuple[str, str | None], TagFinding] = {}
        for match in self._matcher.find(ready):
            part = next((p for p in parts if p.start <= match.start < p.end), None)
            if part is None or part.supposed or part.past or part.definition or clauses_.denied(part, match.start):
                continue
            dimension = self._dimensions[match.name]
            about_others = part.relation if dimension == "attribute" else None
            span, start, end = ready.span(match.start, match.end)
            findings.setdefault(
                (match.name, about_others),
                TagFinding(
                    tag=match.name,
                    dimension=dimension,
                    span=span,
                    start=start,
                    end=end,
                    rule=f"keyword:{match.word}",
                    version=self.catalogue.version,
                    confidence=0.9,
                    relation=about_others,
                ),
            )
        return list(findings.values())

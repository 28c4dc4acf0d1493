"""Which words a tag wants: what customers wrote, read with the brand's rules, given to the search for new wordings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from keywords.catalogue import Catalogue, CatalogueError, TagRule, load_catalogue
from keywords.choices import decided
from keywords.suggest import Known, Line, Suggestion, suggest
from keywords.tagger import Tagger
from storage import history, tags


@dataclass(frozen=True)
class Wanted:
    """A tag of a brand folder that wants words. Raises CatalogueError when the catalogue does not give the tag."""

    folder: Path
    tag: str

    def __post_init__(self) -> None:
        if self.rule not in self.catalogue.tags:
            raise CatalogueError(f"{self.folder / 'catalogue.yaml'}: gives no tag {self.tag}")

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.folder / "catalogue.yaml")

    @cached_property
    def tagger(self) -> Tagger:
        return Tagger(self.catalogue, self.lexicon)

    @property
    def rule(self) -> TagRule | None:
        return self.catalogue.find(self.tag)

    @property
    def lexicon(self) -> Path:
        """The brand's own words."""
        return self.folder / "lexicon.yaml"

    @property
    def words(self) -> tuple[str, ...]:
        return self.rule.words if self.rule else ()

    @property
    def known(self) -> Known:
        """Words of any tag, and what was decided before."""
        words = (word for rule in self.catalogue.tags for word in rule.words)
        return Known(words, decided(self.lexicon, self.tag))


def suggest_from(wanted: Wanted, texts: Callable[[], Iterable[str]], most: int) -> list[Suggestion]:
    """New wordings from messages without customers; `texts` is called twice."""
    return suggest(lambda: (_line(wanted, text, carries=False) for text in texts()), wanted.words, wanted.known, most)


def suggest_from_history(wanted: Wanted, db: Session, most: int) -> list[Suggestion]:
    """New wordings from what the brand's customers wrote: all messages of a customer with the tag carry it."""
    carriers = set(tags.customers_with(db, wanted.tag))

    def lines() -> Iterator[Line]:
        for said in history.said(db):
            yield _line(wanted, said.text, carries=said.external_userid in carriers)

    return suggest(lines, wanted.words, wanted.known, most)


def _line(wanted: Wanted, text: str, *, carries: bool) -> Line:
    """A message; where the rules read the tag in it, its words are left out of what is unknown."""
    spans = [(f.start, f.end) for f in wanted.tagger.read(text) if f.tag == wanted.tag]
    unknown = text
    for start, end in sorted(spans, reverse=True):
        unknown = f"{unknown[:start]}\n{unknown[end:]}"
    return Line(text, carries or bool(spans), unknown)

"""A text made ready for the search of the knowledge: the one place where words and concepts meet."""

from functools import partial
from itertools import accumulate

from keywords.concepts import shipped_concepts
from keywords.text import Text, read_text
from persona.search_terms import Analysis, is_loose


def analyse(text: str, *, asked: bool = True) -> Analysis:
    """The words and concepts of a text; a question is read closely, what is told (not `asked`) by its words alone."""
    return analysis_of(read_text(text), asked=asked)


def analysis_of(text: Text, *, asked: bool = True) -> Analysis:
    """The same, of a text that is already folded and cut."""
    concepts = shipped_concepts()
    spotted = concepts.spot(text, phrases=asked)
    told = {place for concept in spotted for place in range(concept.start, concept.end)}
    ends = accumulate(map(len, text.words))
    loose = (
        word
        for word, end in zip(text.words, ends, strict=True)
        if is_loose(word) and told.isdisjoint(range(end - len(word), end))
    )
    names = {concept.name: concept.kind for concept in spotted}
    return Analysis(text.flat, text.words, names, tuple(loose), partial(concepts.guess, text))

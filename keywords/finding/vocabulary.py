"""What the tags of a catalogue mean: the words of the house for them, joined with the operator's own.

A tag takes the meanings of lexicons/general.yaml whose name is its own or one of its seeds. A trade's file
(lexicons/trade_*.yaml) counts too when enough of its meanings are asked for: elsewhere its words may mean more.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from keywords.catalogue import Catalogue, TagRule
from keywords.lexicon import Meaning, load_lexicon

_FOLDER = Path(__file__).parent.parent / "lexicons"
#: A catalogue that asks for this many meanings of a trade's own belongs to that trade.
_BELONGS = 3


def vocabulary(catalogue: Catalogue, own: Mapping[str, Meaning] | None = None) -> list[Meaning]:
    """One meaning for each tag of the catalogue; `own` are the brand's further words by tag."""
    files = [load_lexicon(path) for path in _files(catalogue)]
    return [
        _joined(rule, [file[name] for file in files for name in _names(rule) if name in file], own or {})
        for rule in catalogue.tags
    ]


def digest(catalogue: Catalogue, own: Path | None = None) -> str:
    """Names the state of the word files that count for a catalogue."""
    state = hashlib.sha256()
    for path in (*_files(catalogue), *((own,) if own and own.exists() else ())):
        state.update(path.read_bytes())
    return state.hexdigest()[:8]


def _files(catalogue: Catalogue) -> list[Path]:
    """General words, then those of the trades that the catalogue belongs to."""
    asked = {name for rule in catalogue.tags for name in _names(rule)}
    general = _FOLDER / "general.yaml"
    trades = sorted(_FOLDER.glob("trade_*.yaml"))
    return [general, *(path for path in trades if len(asked & set(_own_names(path))) >= _BELONGS)]


@cache
def _own_names(path: Path) -> frozenset[str]:
    """A trade's meanings, without its further words for general ones."""
    return _names_in(path) - _names_in(_FOLDER / "general.yaml")


def _names_in(path: Path) -> frozenset[str]:
    """The meanings of a lexicon file, told by its lines: that is quicker than reading it."""
    lines = path.read_text(encoding="utf-8").partition("\nmeanings:\n")[2].splitlines()
    return frozenset(line.strip(" :\"'") for line in lines if line[:2] == "  " and line[2:3] not in (" ", "#", ""))


def _names(rule: TagRule) -> Iterable[str]:
    return dict.fromkeys((rule.name, *rule.seeds))


def _joined(rule: TagRule, told: list[Meaning], own: Mapping[str, Meaning]) -> Meaning:
    accepted = own[rule.name].words if rule.name in own else ()
    return Meaning(
        name=rule.name,
        words=(*rule.words, *accepted, *(word for meaning in told for word in meaning.words)),
        phrases=tuple(phrase for meaning in told for phrase in meaning.phrases),
        traps=tuple(trap for meaning in told for trap in meaning.traps),
        holds=next((meaning.holds for meaning in told if meaning.holds is not None), None),
        against=tuple(other for meaning in told for other in meaning.against),
        of=next((meaning.of for meaning in told if meaning.of), ""),
        adult=any(meaning.adult for meaning in told),
        sensitive=rule.sensitive or any(meaning.sensitive for meaning in told),
    )

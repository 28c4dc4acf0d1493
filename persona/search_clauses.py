"""What of a message is the question: its clauses that ask, and those that only name a thing or only ask.

"再来一包挂耳送同事，标准盒多少钱" tells something and asks something else; read as one, the two blur each other.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from persona.search_terms import ASIDES, ASKING, ASPECTS, CARE, THINGS, Analyse, Analysis

_BREAK = re.compile(r"[，,。.！!？?；;~\n]+|(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])")
#: Words with which a clause asks, beside the concepts of asking.
_ASKS = frozenset("吗 嘛 么 呢 不 没 没有 什么 啥 哪 几 多少 谁 怎么 咋".split())
#: A longer text tells more than the name of a thing.
_NAME_LENGTH = 6


def clauses(asked: Analysis, analyse: Analyse) -> Iterator[Analysis]:
    """The clauses of a longer text that ask something of something; none when it is one clause only.

    Who must be careful remains known: "我怀孕了，面膜能用吗" asks about a mask in pregnancy.
    """
    pieces = [piece.strip() for piece in _BREAK.split(asked.flat)]
    pieces = [piece for piece in pieces if piece]
    if len(pieces) < 2:
        return
    careful = {name: kind for name, kind in asked.concepts.items() if kind == CARE}
    for piece in pieces:
        clause = analyse(piece, asked=True)
        if _asks(clause) and _is_about_something(clause):
            yield replace(clause, concepts={**careful, **clause.concepts})


def is_bare_asking(asked: Analysis) -> bool:
    """Whether a text asks without saying of what: 多少钱, 怎么用."""
    return bool(asked.concepts) and {*asked.concepts.values()} <= {ASKING, ASPECTS} and not asked.loose


def is_bare_thing(asked: Analysis) -> bool:
    """Whether a text names a thing and asks nothing: 精华, 面膜."""
    return set(asked.concepts.values()) == {THINGS} and not asked.loose and len(asked.flat) <= _NAME_LENGTH


def _asks(clause: Analysis) -> bool:
    return ASKING in clause.concepts.values() or not _ASKS.isdisjoint(clause.words)


def _is_about_something(clause: Analysis) -> bool:
    return bool(clause.loose) or not {*clause.concepts.values()} <= {ASKING, ASPECTS, ASIDES}

"""How sure the search is that the entry it ranks first answers the question, and what follows: answer, ask or unsure.

The weights were fitted on labelled questions of two brands. What a wrong entry scores in a knowledge base is measured
when it is loaded, on a bank of sentences that no shop's entries answer: the score that few of them exceed becomes 0.5,
so that a score means the same in every brand and needs no labels of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from math import exp
from pathlib import Path
from typing import Literal

import yaml

Decision = Literal["answer", "ask", "unsure"]

#: Scores from which an entry is the answer, and from which it is worth a line of a menu.
ANSWER_AT, ASK_AT = 0.5, 0.3
#: The share of the bank that stays below the score of 0.5, and the bounds of the confidence that becomes it.
QUANTILE, LEAST, MOST = 0.95, 0.75, 0.85
#: An entry that leads the next by less than this share was right every second time: unless the question is its own,
#: it is asked back about.
TIE, NEARLY = 0.15, 0.98
#: A lead below this says nothing against an entry: entries that are near to each other are worth asking back about.
NO_LEAD = 0.1
#: Where a sentence of the bank names what a knowledge base speaks of, and of how many things each is made.
THING, PER_FORM = "{thing}", 3
_BANK = Path(__file__).parent / "out_of_scope.yaml"


@dataclass(frozen=True, slots=True)
class Signs:
    """What is seen of a question and the entry that ranks first for it.

    `lead` over the second entry (0 to 1); `covered`: the share of what is asked that the entry speaks of; `guessed`:
    how near the question is to what it speaks of; `named`: the share of the entry that the question names; `alike`:
    how much more like the entry it is than usual, by vectors (0 without them); `verbatim`: how far it is the entry's
    own question (0 to 1); `absent`: subjects of the question that no entry speaks of; `elsewhere`: things outside the
    shop's world.
    """

    lead: float
    covered: float
    guessed: float
    named: float
    alike: float
    verbatim: float
    absent: float
    elsewhere: float


#: Fitted by benchmarks/fit_trust.py, but for `verbatim`, which no paraphrase shows, and rounded towards caution.
_WEIGHTS = Signs(lead=2.3, covered=2.3, guessed=5.2, named=2.4, alike=0.45, verbatim=4.0, absent=-0.8, elsewhere=-3.4)
_BIAS = -2.8


class Trust:
    """The scores of one knowledge base. Immutable."""

    def __init__(self, bank: Iterable[Signs | None]) -> None:
        """`bank`: the signs of the sentences of `out_of_scope`, None where no entry is found."""
        wrong = sorted(_confidence(signs) if signs else 0.0 for signs in bank)
        limit = wrong[int(len(wrong) * QUANTILE)] if wrong else LEAST
        self._limit = min(MOST, max(LEAST, limit))

    def score(self, signs: Signs) -> float:
        """The confidence, bent so that the limit of this knowledge base is 0.5."""
        sure = _confidence(signs)
        if signs.lead < TIE and signs.verbatim < 1.0:
            sure = min(sure, NEARLY * self._limit)
        if sure < self._limit:
            return ANSWER_AT * sure / self._limit
        return ANSWER_AT + (1.0 - ANSWER_AT) * (sure - self._limit) / (1.0 - self._limit)


def out_of_scope(things: Sequence[str] = ()) -> list[str]:
    """The sentences of the bank; those about a thing about these, one after the other, each sentence a few times."""
    lines = [line for line in _bank() if THING not in line]
    forms = [line for line in _bank() if THING in line]
    each = min(PER_FORM, len(things))
    return lines + [
        form.replace(THING, things[(number * each + turn) % len(things)])
        for number, form in enumerate(forms)
        for turn in range(each)
    ]


@cache
def _bank() -> tuple[str, ...]:
    groups = yaml.safe_load(_BANK.read_text(encoding="utf-8"))
    return tuple(line for group in groups.values() for line in group.splitlines())


def _confidence(signs: Signs) -> float:
    rows = zip(astuple(_WEIGHTS), astuple(replace(signs, lead=max(NO_LEAD, signs.lead))), strict=True)
    return 1.0 / (1.0 + exp(-(_BIAS + sum(weight * sign for weight, sign in rows))))

"""Whether a person is needed, decided from the whole conversation: why, how gravely, and which words say so.

Each text is read once for its signals; what they add up to is cheap and done anew for each turn. A wish stands until a
person came, the customer took it back, or the matter was settled.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from keywords.finding.signals import Rule, Signals, Span, Weights, fired, load_weights, scores
from keywords.judging.hunch import Hunch
from keywords.judging.talk import CUSTOMER, PERSON, Heard, Turn, unheard
from keywords.lexicon import LexiconError, Meaning, Phrase, load_lexicon, parse_phrase, read_yaml
from keywords.normalise import Folded, fold, normalise

_HOME = Path(__file__).parent
LEXICON, WEIGHTS = _HOME / "lexicons" / "handoff.yaml", _HOME / "lexicons" / "handoff_weights.yaml"
MODEL = _HOME / "models" / "wishes.bin"
NONE, ASK_HUMAN, NONANSWER = "none", "ask_human", "repeated_nonanswer"
ADVERSE, CRISIS, LEGAL, COMPLAINT = "adverse_reaction", "crisis", "legal_threat", "complaint"
#: Reasons, the gravest first, each with its severity: 3 somebody may be in danger, 0 a plain wish.
SEVERITY = {
    CRISIS: 3,
    ADVERSE: 2,
    LEGAL: 2,
    "refund_dispute": 1,
    COMPLAINT: 1,
    ASK_HUMAN: 0,
    NONANSWER: 0,
}
REASONS = tuple(SEVERITY)
GRAVEST = 3
#: What it costs to miss a reason, beside troubling a person for nothing: what is likely weighs by it.
COST = {
    CRISIS: 10,
    ADVERSE: 5,
    LEGAL: 5,
    "refund_dispute": 3,
    COMPLAINT: 3,
    ASK_HUMAN: 3,
    NONANSWER: 2,
}
NEEDLESS = 3
#: A person is needed when it is this likely, weighed so; chosen by cross-validation (`make fit`).
LIKELY = 0.55
#: A wish that was heard before stands while it is this likely, and whatever is written in so few letters.
STILL, BRIEF = 0.4, 3
#: From this score on the listed words of a reason decide alone; what is likely then, whatever the model thinks.
ENOUGH, SURE = 2.0, 0.99
FLOOR = frozenset({CRISIS})
#: What a brand's own word weighs: more than any rule.
SURE_WORD = 9.0
_WITHDRAWN, _TRAPS = "withdrawn", "traps"


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is none, or why a person is needed; `span` the words that say so, in the customer's message `turn`."""

    reason: str = NONE
    severity: int = 0
    score: float = 0.0
    span: str = ""
    rule: str = ""
    turn: int = -1

    def __bool__(self) -> bool:
        return self.reason != NONE


class Wishes:
    """Decides by a fitted model and a lexicon of signals; what `silenced` finds in a text is not read."""

    def __init__(
        self, meanings: Mapping[str, Meaning], weights: Weights, hunch: Hunch, silenced: re.Pattern[str] | None = None
    ) -> None:
        self._signals = Signals(meanings.values())
        self._weights = weights
        self._hunch = hunch
        self._silenced = silenced

    def hear(self, text: Folded) -> Heard:
        """The signals of one text: the costly part."""
        flat = text.text
        if self._silenced is not None:
            flat = self._silenced.sub(lambda found: " " * len(found[0]), flat)
        signals = self._signals.hear(flat)
        return Heard(text, flat, signals, scores(self._weights, signals.keys()))

    def read(self, turns: Sequence[tuple[str, str]]) -> Decision:
        """What a whole conversation of (role, text) comes to."""
        return self.decide(
            [Turn(role, self.hear(fold(text)) if role == CUSTOMER else unheard(text)) for role, text in turns]
        )

    def alone(self, heard: Heard) -> Decision:
        """What a text says when nothing was said before it."""
        return self.decide([Turn(CUSTOMER, heard)])

    def decide(self, turns: Sequence[Turn]) -> Decision:
        """What the conversation comes to with its last turn."""
        standing, since = Decision(), 0
        for place, turn in enumerate(turns):
            if turn.role == PERSON:
                standing, since = Decision(), place + 1
            elif turn.role == CUSTOMER:
                standing = self._after(standing, turns[since : place + 1], place)
        return standing

    def _after(self, standing: Decision, turns: Sequence[Turn], place: int) -> Decision:
        """What stands after the last of these turns, all since a person was there: the graver of before and now."""
        own = self._now(turns, place)
        if not own and own.score < STILL and not _adds_nothing(turns[-1].heard):
            return own
        if standing and own and REASONS.index(own.reason) >= REASONS.index(standing.reason):
            own = self._now(turns[-1:], place)
        return own or standing

    def _now(self, turns: Sequence[Turn], place: int) -> Decision:
        heard = turns[-1].heard
        shares = self._hunch.shares(turns)
        needless = NEEDLESS * shares.pop(NONE)
        wanted = sum(COST[reason] * share for reason, share in shares.items())
        likely = wanted / (wanted + needless)
        for reason in REASONS:
            rule = self._decisive(reason, heard)
            if rule is not None:
                return _decision(reason, max(likely, SURE), heard, _longest(heard, rule), rule.spelling, place)
        reason = max(shares, key=lambda name: shares[name])
        if likely >= LIKELY and not (reason == NONANSWER and _is_content(heard)):
            rule = max(self._fired(reason, heard), key=lambda rule: rule.adds, default=None)
            span = _longest(heard, rule) if rule else self._hunch.telling(heard, reason)
            return _decision(
                reason, likely, heard, span, rule.spelling if rule else f"learned:{reason} {likely:.2f}", place
            )
        return Decision(score=round(likely, 2))

    def _decisive(self, reason: str, heard: Heard) -> Rule | None:
        """The weightiest rule of a reason that a brand's own word or the signals give alone."""
        if reason in heard.signals or (reason in FLOOR and heard.scores.get(reason, 0.0) >= ENOUGH):
            return max(self._fired(reason, heard), key=lambda rule: rule.adds)
        return None

    def _fired(self, reason: str, heard: Heard) -> list[Rule]:
        return fired(self._weights[reason], heard.signals.keys())


def _decision(reason: str, score: float, heard: Heard, span: Span, rule: str, place: int) -> Decision:
    severity = SEVERITY[reason] + (reason == ADVERSE and "severe_cue" in heard.signals)
    first, last = heard.text.origin(*span)
    return Decision(reason, severity, round(score, 2), heard.text.original[first:last], rule, place)


def _longest(heard: Heard, rule: Rule) -> Span:
    return max((heard.signals[name] for name in rule.needs), key=lambda span: span[1] - span[0])


def _is_content(heard: Heard) -> bool:
    settled = {"content", "solved", "withdrawn", "clarified", "joke", "praise", "self_blame"}
    return not settled.isdisjoint(heard.signals)


def _adds_nothing(heard: Heard) -> bool:
    """A word of impatience or none takes nothing back: 快点, ？, 哦."""
    return sum(char.isalnum() for char in heard.flat) <= BRIEF and not _is_content(heard)


@cache
def _shipped_hunch() -> Hunch:
    return Hunch(MODEL)


@cache
def shipped() -> Wishes:
    """By the lexicon that comes with Wanzi: no brand needed."""
    meanings = load_lexicon(LEXICON)
    return Wishes(meanings, load_weights(WEIGHTS, meanings), _shipped_hunch())


def with_own_words(path: Path) -> Wishes:
    """By what comes with Wanzi and a brand's own words, {REASON|withdrawn|traps: [word or phrase]}.

    Raises LexiconError naming what is wrong. Without the file, or with nothing in it, the shipped ones.
    """
    told = (read_yaml(path) if path.exists() else None) or {}
    if not told:
        return shipped()
    if not isinstance(told, dict) or set(told) - {*REASONS, _WITHDRAWN, _TRAPS}:
        raise LexiconError(f"{path}: must hold lists under {', '.join((*REASONS, _WITHDRAWN, _TRAPS))}")
    own = {key: _own_words(f"{path}: {key}", listed) for key, listed in told.items()}
    silenced = _pattern(own.pop(_TRAPS, ()))
    meanings = dict(load_lexicon(LEXICON))
    weights = dict(load_weights(WEIGHTS, meanings))
    for name, words in own.items():
        meanings[name] = _joined(meanings.get(name, Meaning(name)), words)
        if name in weights:
            weights[name] = (*weights[name], Rule(frozenset({name}), frozenset(), SURE_WORD, name))
    return Wishes(meanings, weights, _shipped_hunch(), silenced)


def _own_words(where: str, listed: object) -> tuple[str | Phrase, ...]:
    if not isinstance(listed, list) or not all(isinstance(word, str | int) and str(word).strip() for word in listed):
        raise LexiconError(f"{where} must be a list of words")
    return tuple(parse_phrase(where, str(word), {}) if "…" in str(word) else str(word).strip() for word in listed)


def _joined(meaning: Meaning, own: Sequence[str | Phrase]) -> Meaning:
    return replace(
        meaning,
        words=(*meaning.words, *(one for one in own if isinstance(one, str))),
        phrases=(*meaning.phrases, *(one for one in own if isinstance(one, Phrase))),
    )


def _pattern(traps: Sequence[str | Phrase]) -> re.Pattern[str] | None:
    """What finds any of the traps in a folded text; longer ones first."""
    spellings = [_spelling(trap) for trap in traps]
    return re.compile("|".join(sorted(spellings, key=len, reverse=True))) if spellings else None


def _spelling(trap: str | Phrase) -> str:
    if isinstance(trap, str):
        return re.escape(normalise(trap))
    parts = ["(?:" + "|".join(re.escape(normalise(word)) for word in part) + ")" for part in trap.parts]
    gaps = [f"[^，,。.！!？?；;\\n]{{0,{gap}}}?" for gap in trap.gaps]
    return parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))

"""Whether a person is needed, decided from the whole conversation: why, how gravely, and which words say so.

Each text is read once for its signals; what they add up to is cheap and done anew for each turn. A wish stands until a
person came, the customer took it back, or the matter was settled.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from keywords.hunch import Hunch, load_hunch
from keywords.lexicon import LexiconError, Meaning, Phrase, load_lexicon, parse_phrase, read_yaml
from keywords.normalise import Folded, fold
from keywords.signals import Rule, Signals, Span, Weights, load_weights

_LEXICONS = Path(__file__).parent / "lexicons"
CUSTOMER, BOT, PERSON = "user", "bot", "human"
NONE, ASK_HUMAN, NONANSWER = "none", "ask_human", "repeated_nonanswer"
ADVERSE, CRISIS, COMPLAINT = "adverse_reaction", "crisis", "complaint"
#: Reasons, the gravest first, each with its severity: 3 somebody may be in danger, 0 a plain wish.
SEVERITY = {
    CRISIS: 3,
    ADVERSE: 2,
    "legal_threat": 2,
    "refund_dispute": 1,
    COMPLAINT: 1,
    ASK_HUMAN: 0,
    NONANSWER: 0,
}
REASONS = tuple(SEVERITY)
GRAVEST = 3
#: From this score on a reason holds.
ENOUGH = 2.0
#: What a hunch counts for beside signals, how much it adds or takes at most, and the most that signals count for.
HUNCH, HUNCH_MOST, SURE = 0.95, 2.0, 3.0
_BY_HUNCH = Rule(frozenset(), frozenset(), 0.0, "hunch")
#: Turns of the customer that are read as one: what hurts is often told in pieces.
TOGETHER = 3
#: Two texts are the same again when this part of the shorter one's letter pairs stands in the other.
ALIKE = 0.6
#: A word or two with a question mark, and then more.
_ECHO = re.compile(r"(\w{2,8})[?？]+.")
_WITHDRAWN, _TRAPS = "withdrawn", "traps"


@dataclass(frozen=True, slots=True)
class Heard:
    """A text and the signals in it, each with its place in the folded text. A brand's text needs none."""

    text: Folded
    signals: Mapping[str, Span]
    hunch: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: `role` is user, bot or human (a person of the brand)."""

    role: str
    heard: Heard


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
    """Decides by a lexicon of signals and the weights that make reasons of them."""

    def __init__(self, meanings: Mapping[str, Meaning], weights: Weights) -> None:
        self._signals = Signals(meanings.values())
        self._weights = weights
        self._hunch = _shipped_hunch()

    def hear(self, text: Folded) -> Heard:
        """The signals of one text: the costly part."""
        return Heard(text, self._signals.hear(text.text), self._hunch.weigh(text.text))

    def read(self, turns: Sequence[tuple[str, str]]) -> Decision:
        """What a whole conversation of (role, text) comes to."""
        return self.decide(
            [Turn(role, self.hear(fold(text)) if role == CUSTOMER else Heard(fold(text), {})) for role, text in turns]
        )

    def alone(self, heard: Heard) -> Decision:
        """What a text says when nothing was said before it."""
        return self.decide([Turn(CUSTOMER, heard)])

    def decide(self, turns: Sequence[Turn]) -> Decision:
        """What the conversation comes to with its last turn."""
        standing = Decision()
        for place, turn in enumerate(turns):
            if turn.role == PERSON:
                standing = Decision()
            elif turn.role == CUSTOMER:
                standing = self._after(standing, turns, place)
        return standing

    def _after(self, standing: Decision, turns: Sequence[Turn], place: int) -> Decision:
        heard = turns[place].heard
        own = self._weigh(heard, _with_echo(turns, place), place)
        if not own or own.rule == _BY_HUNCH.spelling:
            own = _unanswered(turns, place) or own or self._with_earlier(turns, place)
        if _is_settled(heard.signals) and own.reason in (NONE, ASK_HUMAN, NONANSWER):
            return Decision()
        if not own or (standing and REASONS.index(standing.reason) < REASONS.index(own.reason)):
            return standing or own
        return own

    def _with_earlier(self, turns: Sequence[Turn], place: int) -> Decision:
        """What this turn says together with the customer's turns just before it."""
        earlier = [turn.heard for turn in turns[:place] if turn.role == CUSTOMER][1 - TOGETHER :]
        heard = turns[place].heard
        if not earlier or not heard.signals.keys() - _LIGHT or _is_settled(heard.signals):
            return Decision()
        joined = {name: span for one in earlier for name, span in one.signals.items()} | dict(heard.signals)
        return self._weigh(heard, joined, place)

    def _weigh(self, heard: Heard, signals: Mapping[str, Span], place: int) -> Decision:
        """The gravest reason whose signals are enough; else the likeliest, if the hunch makes up for what lacks."""
        fired = {reason: self._fired(reason, signals) for reason in REASONS}
        scores = {reason: sum(rule.adds for rule in rules) for reason, rules in fired.items()}
        enough = [reason for reason in REASONS if scores[reason] >= ENOUGH]
        likely = enough[0] if enough else max(REASONS, key=lambda reason: scores[reason])
        if not fired[likely]:
            likely = COMPLAINT
        score = min(scores[likely], SURE) + self._lean(heard, signals)
        if score < ENOUGH:
            return Decision()
        severity = SEVERITY[likely] + (likely == ADVERSE and "severe_cue" in signals)
        rule = max(fired[likely], key=lambda rule: rule.adds, default=_BY_HUNCH)
        return Decision(likely, severity, round(score, 2), _words(heard, rule), rule.spelling, place)

    def _lean(self, heard: Heard, signals: Mapping[str, Span]) -> float:
        """What the hunch adds or takes; it adds nothing where all is well or the way of things is asked."""
        most = 0.0 if _is_settled(signals) or "procedure" in signals else HUNCH_MOST
        return min(max(HUNCH * heard.hunch, -HUNCH_MOST), most)

    def _fired(self, reason: str, signals: Mapping[str, Span]) -> list[Rule]:
        return [
            rule
            for rule in self._weights.get(reason, ())
            if rule.needs <= signals.keys() and not rule.lacks & signals.keys()
        ]


#: Signals that alone bring nothing new to what was said before.
_LIGHT = frozenset({"blame", "degree", "body", "money", "asks_rule", "insist", "severe_cue", "product_hurt", "joke"})


def _words(heard: Heard, rule: Rule) -> str:
    """What the customer wrote for a rule's signals; the whole message where they stand in earlier ones."""
    spans = [heard.signals[name] for name in rule.needs if name in heard.signals]
    if not spans:
        return heard.text.original
    first, last = heard.text.origin(*max(spans, key=lambda span: span[1] - span[0]))
    return heard.text.original[first:last]


def _with_echo(turns: Sequence[Turn], place: int) -> Mapping[str, Span]:
    """The signals of a turn, and `echo` when it throws the bot's own word back as a question: 淡淡？"""
    heard = turns[place].heard
    asked = _ECHO.match(heard.text.text)
    if asked is None or not place or turns[place - 1].role != BOT or asked[1] not in turns[place - 1].heard.text.text:
        return heard.signals
    return {**heard.signals, "echo": asked.span(1)}


def _is_settled(signals: Mapping[str, Span]) -> bool:
    return bool(signals.keys() & {"solved", "withdrawn", "clarified", "joke", "praise", "self_blame"})


def _unanswered(turns: Sequence[Turn], place: int) -> Decision:
    """The bot says the same again, or does not understand, and the customer repeats or insists."""
    heard = turns[place].heard
    said = [turn.heard.text.text for turn in turns[:place] if turn.role == BOT]
    if len(said) < 2 or _is_settled(heard.signals) or "content" in heard.signals:
        return Decision()
    again = any(_alike(said[-1], before) for before in said[:-1])
    asked = [turn.heard.text.text for turn in turns[: place + 1] if turn.role == CUSTOMER]
    repeats = sum(any(_alike(text, before) for before in asked[:number]) for number, text in enumerate(asked))
    stuck, signs = said[-1] == said[-2], (again, repeats > 0, "insist" in heard.signals)
    if stuck or repeats > 1 or sum(signs) > 1:
        return Decision(NONANSWER, SEVERITY[NONANSWER], ENOUGH, heard.text.original, "the same again", place)
    return Decision()


def _alike(one: str, other: str) -> bool:
    """Whether the shorter text says mostly what the longer one says."""
    pairs, more = sorted((_pairs(one), _pairs(other)), key=len)
    return bool(pairs) and len(pairs & more) >= ALIKE * len(pairs)


def _pairs(flat: str) -> set[str]:
    letters = [char for char in flat if char.isalnum()]
    return {first + second for first, second in pairwise(letters)}


@cache
def _shipped_hunch() -> Hunch:
    return load_hunch(_LEXICONS / "handoff_examples.yaml")


@cache
def shipped() -> Wishes:
    """By the lexicon that comes with Wanzi: no brand needed."""
    meanings = load_lexicon(_LEXICONS / "handoff.yaml")
    return Wishes(meanings, load_weights(_LEXICONS / "handoff_weights.yaml", {*meanings, "echo"}))


def with_own_words(path: Path) -> Wishes:
    """By the shipped lexicon and a brand's own words, {REASON|withdrawn|traps: [word or phrase]}.

    Raises LexiconError naming what is wrong. Without the file, or with nothing in it, the shipped ones.
    """
    told = (read_yaml(path) if path.exists() else None) or {}
    if not told:
        return shipped()
    if not isinstance(told, dict) or set(told) - {*REASONS, _WITHDRAWN, _TRAPS}:
        raise LexiconError(f"{path}: must hold lists under {', '.join((*REASONS, _WITHDRAWN, _TRAPS))}")
    own = {key: _own_words(f"{path}: {key}", listed) for key, listed in told.items()}
    traps = own.pop(_TRAPS, ())
    meanings = {
        name: _joined(meaning, own.get(name, ()), traps)
        for name, meaning in load_lexicon(_LEXICONS / "handoff.yaml").items()
    }
    meanings |= {reason: _joined(Meaning(reason), own[reason], traps) for reason in REASONS if reason in own}
    weights = dict(load_weights(_LEXICONS / "handoff_weights.yaml", {*meanings, "echo"}))
    for reason in REASONS:
        if reason in own:
            weights[reason] = (*weights[reason], Rule(frozenset({reason}), frozenset(), ENOUGH, reason))
    return Wishes(meanings, weights)


def _own_words(where: str, listed: object) -> tuple[str | Phrase, ...]:
    if not isinstance(listed, list) or not all(isinstance(word, str | int) and str(word).strip() for word in listed):
        raise LexiconError(f"{where} must be a list of words")
    return tuple(parse_phrase(where, str(word), {}) if "…" in str(word) else str(word).strip() for word in listed)


def _joined(meaning: Meaning, own: Sequence[str | Phrase], traps: Sequence[str | Phrase]) -> Meaning:
    return replace(
        meaning,
        words=(*meaning.words, *(one for one in own if isinstance(one, str))),
        phrases=(*meaning.phrases, *(one for one in own if isinstance(one, Phrase))),
        traps=(*meaning.traps, *traps),
    )

"""What can be known of a text without any memory: its words, tags, wishes and the entries it may mean.

Made before the transaction opens, because it costs the most; the same text is read once.
"""

from dataclasses import dataclass

from keywords.match import Match, Matcher
from keywords.normalise import normalise
from keywords.tagger import TagFinding, Tagger
from keywords.text import Text, read_text
from persona.knowledge import Candidate, Index
from persona.model import Persona

#: Reasons for a hand-off, the gravest first: where several are heard, the first one counts.
ASK_HUMAN = "ask_human"
REASONS = ("crisis", "adverse_reaction", "legal_threat", "refund_dispute", "complaint", ASK_HUMAN)
_TRIM = " ，,。.！!？?~～…、呀啊哦呢吧嘛哈亲"


@dataclass(frozen=True)
class Reading:
    """A text as Wanzi understands it. `intent` is greeting, thanks, bye, praise, small_talk, robot or empty."""

    text: str
    tokens: tuple[str, ...]
    findings: tuple[TagFinding, ...]
    candidates: tuple[Candidate, ...]
    wish: str
    wish_words: str
    intent: str

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


class Reader:
    """Reads texts with one brand's words."""

    def __init__(self, tagger: Tagger, knowledge: Index, handoff_words: Matcher, persona: Persona) -> None:
        self._tagger = tagger
        self._knowledge = knowledge
        self._handoff_words = handoff_words
        self._intents = {
            _bare(normalise(phrase)): intent
            for key, intent in (
                ("small_talk", "small_talk"),
                ("praise", "praise"),
                ("bye", "bye"),
                ("thanks", "thanks"),
                ("greetings", "greeting"),
                ("robot_questions", "robot"),
            )
            for phrase in persona.understands.get(key, [])
        }

    def read(self, text: str) -> Reading:
        """Understand one text. Pure; a millisecond for a short message and ten thousand entries."""
        ready = read_text(text)
        wish, wish_words = find_wish(self._handoff_words, ready)
        return Reading(
            text=text,
            tokens=tuple(word for word in ready.words if word.strip()),
            findings=tuple(self._tagger.read(ready)),
            candidates=tuple(self._knowledge.search(text)),
            wish=wish,
            wish_words=wish_words,
            intent=self._intents.get(_bare(ready.flat), ""),
        )


def _bare(flat: str) -> str:
    """A text without the punctuation and particles around it; one that is nothing else stays as it is."""
    return flat.strip(_TRIM) or flat.strip()


def find_wish(handoff_words: Matcher, text: Text) -> tuple[str, str]:
    """Why a text asks for a person, and the words that say so; two empty texts when it does not."""
    found = handoff_words.find(text)
    traps = [match for match in found if match.name == "traps"]
    real = [match for match in found if match.name != "traps" and not _covered(match, traps)]
    if any(match.name == "withdrawn" for match in real):
        real = [match for match in real if match.name not in ("withdrawn", ASK_HUMAN)]
    for reason in REASONS:
        for match in real:
            if match.name == reason:
                return reason, match.word
    return "", ""


def _covered(match: Match, traps: list[Match]) -> bool:
    return any(trap.start < match.end and match.start < trap.end for trap in traps)

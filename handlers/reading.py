"""What can be known of a text without any memory: its words, tags, wishes and the entries it may mean.

Made before the transaction opens, because it costs the most; the same text is read once.
"""

from dataclasses import dataclass

from handlers.analysis import analysis_of
from keywords.judging.talk import Heard
from keywords.normalise import normalise
from keywords.tagger import TagFinding, Tagger
from keywords.text import read_text
from keywords.wishes import NONE, Decision, Wishes
from persona.knowledge import Candidate, Index
from persona.model import Persona

_TRIM = " ，,。.！!？?~～…、呀啊哦呢吧嘛哈亲"


@dataclass(frozen=True)
class Reading:
    """A text as Wanzi understands it. `intent` is greeting, thanks, bye, praise, small_talk, robot or empty.

    `alone` is what the text would say of a wish for a person if nothing had been said before it.
    """

    text: str
    tokens: tuple[str, ...]
    findings: tuple[TagFinding, ...]
    candidates: tuple[Candidate, ...]
    heard: Heard
    alone: Decision
    intent: str

    @property
    def wish(self) -> str:
        """Why this text alone asks for a person; empty when it does not."""
        return "" if self.alone.reason == NONE else self.alone.reason

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


class Reader:
    """Reads texts with one brand's words."""

    def __init__(self, tagger: Tagger, knowledge: Index, wishes: Wishes, persona: Persona) -> None:
        self._tagger = tagger
        self._knowledge = knowledge
        self.wishes = wishes
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
        heard = self.wishes.hear(ready.folded)
        return Reading(
            text=text,
            tokens=tuple(word for word in ready.words if word.strip()),
            findings=tuple(self._tagger.read(ready)),
            candidates=tuple(self._knowledge.search(analysis_of(ready))),
            heard=heard,
            alone=self.wishes.alone(heard),
            intent=self._intents.get(_bare(ready.flat), ""),
        )


def _bare(flat: str) -> str:
    """A text without the punctuation and particles around it; one that is nothing else stays as it is."""
    return flat.strip(_TRIM) or flat.strip()

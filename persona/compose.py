"""From a phrase key and facts to the text that is sent. Deterministic: the same seed says the same words."""

import hashlib
import re
from datetime import datetime

from persona.model import Persona

#: A sentence ends behind one of these; a long reply is cut there.
_SENTENCE_END = re.compile(r"(?<=[。！？!?…\n；;])")
_CLAUSE_END = re.compile(r"(?<=[，,、 ])")


def say(persona: Persona, key: str, seed: str, **facts: str) -> str:
    """One variant of a phrase with its placeholders filled. Raises KeyError when the persona lacks key or fact."""
    return choose(persona.phrases[key], seed).format(**facts)


def choose(variants: list[str], seed: str) -> str:
    """The variant that a seed stands for."""
    digest = hashlib.sha256(seed.encode()).digest()
    return variants[int.from_bytes(digest[:4], "big") % len(variants)]


def dress(persona: Persona, answer: str, seed: str) -> str:
    """An answer in the persona's voice: what stands before and after it varies, the facts never do."""
    return say(persona, "answer_prefix", seed + "<") + answer + say(persona, "answer_suffix", seed + ">")


def part_of_day(local: datetime) -> str:
    """morning, noon, afternoon, evening or night of a local time, as `greeting.*` keys name them."""
    hour = local.hour
    for until, name in ((5, "night"), (11, "morning"), (14, "noon"), (18, "afternoon"), (23, "evening")):
        if hour < until:
            return name
    return "night"


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-8 bytes, at sentence ends if it can, never inside a character.

    `limit` must hold one character (4 bytes or more). White space at a cut is dropped; an empty text gives no piece.
    """
    pieces: list[str] = []
    current = ""
    for part in _small_parts(text, limit):
        if len((current + part).encode()) <= limit:
            current += part
        else:
            pieces.append(current.strip())
            current = part.lstrip()
    pieces.append(current.strip())
    return [piece for piece in pieces if piece]


def _small_parts(text: str, limit: int) -> list[str]:
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        if len(sentence.encode()) <= limit:
            parts.append(sentence)
            continue
        for clause in _CLAUSE_END.split(sentence):
            parts.extend([clause] if len(clause.encode()) <= limit else _cut_hard(clause, limit))
    return parts


def _cut_hard(text: str, limit: int) -> list[str]:
    """Cut where no sentence ends; a base character keeps its marks, joiners and selectors where the limit allows."""
    parts, current = [], ""
    for cluster in re.findall(r"(?s).[\u0300-\u036f\u200d\ufe0f\U0001f3fb-\U0001f3ff]*", text):
        for char in [cluster] if len(cluster.encode()) <= limit else cluster:
            if len((current + char).encode()) > limit:
                parts.append(current)
                current = ""
            current += char
    return [*parts, current]

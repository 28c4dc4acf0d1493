"""From a phrase key and facts to the text that is sent. Deterministic: the same seed and past say the same words.

`said` is what the bot has said in a conversation, the newest first: no variant of a phrase comes twice in a row.
"""

import hashlib
import re
import string
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product

from persona.model import Persona

#: A sentence ends behind one of these; a long reply is cut there.
_SENTENCE_END = re.compile(r"(?<=[。！!？?…\n；;])")
_CLAUSE_END = re.compile(r"(?<=[，,、 ])")
_EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55])"
    "(?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\U0001f300-\U0001faff\u2600-\u27bf])*"
)


def say(persona: Persona, key: str, seed: str, said: Sequence[str] = (), /, **facts: str) -> str:
    """A variant of a phrase with its placeholders filled; {name}, {brand} and {me} always are.

    Raises KeyError when the persona lacks key or fact.
    """
    variants = persona.phrases[key]
    return _fill(persona, choose(variants, seed, last_used(variants, said)), facts)


def _fill(persona: Persona, variant: str, facts: dict[str, str]) -> str:
    always = {"name": persona.name, "brand": persona.brand, "me": persona.self_reference or persona.name}
    return variant.format(**always | facts)


def choose(variants: Sequence[str], seed: str, avoid: Collection[str] = ()) -> str:
    """The variant that a seed stands for, among those not to be avoided; all are when nothing else is left."""
    left = [variant for variant in variants if variant not in avoid] or variants
    digest = hashlib.sha256(seed.encode()).digest()
    return left[int.from_bytes(digest[:4], "big") % len(left)]


def last_used(variants: Sequence[str], said: Sequence[str]) -> list[str]:
    """The variants that stand in the newest text in which any of them stands."""
    for text in said:
        if found := [variant for variant in variants if spoken(variant, text)]:
            return found
    return []


def spoken(variant: str, text: str) -> list[str]:
    """The places of a text where a phrase variant is said, whatever its placeholders were filled with."""
    pattern = _pattern_of(variant)
    return [match[0] for match in pattern.finditer(text)] if pattern else []


@lru_cache(maxsize=4096)
def _pattern_of(variant: str) -> re.Pattern[str] | None:
    parts = list(string.Formatter().parse(variant))
    if sum(len(literal) for literal, *_ in parts) < 2:
        return None  # an empty variant is said nowhere, a bare placeholder everywhere
    filled = "[^\\n]{0,60}"
    return re.compile("".join(re.escape(literal) + (filled if name is not None else "") for literal, name, *_ in parts))


def dress(persona: Persona, answer: str, seed: str, said: Sequence[str] = ()) -> str:
    """An answer in the persona's voice: what stands before and after it varies, the facts never do.

    The words around are left out where they would make it too long or bring too many emoji, or were just used.
    """
    before, after = persona.phrases["answer_prefix"], persona.phrases["answer_suffix"]
    stale = {*last_used(before, said), *last_used(after, said)}
    last_time = [text for text in said if answer in text][:1]
    options = [
        (_fill(persona, head, {}) + answer + _fill(persona, tail, {}))
        for head, tail in product(before, after)
        if not stale & {head, tail}
    ]
    fitting = [text for text in options if _fits(persona, text)]
    return choose(fitting or [answer], seed, last_time)


def _fits(persona: Persona, text: str) -> bool:
    return len(text) <= persona.max_length and len(emoji_of(text)) <= persona.emoji.max_per_message


def emoji_of(text: str) -> list[str]:
    """The emoji of a text, in order, each with its skin tone, joiners and selectors."""
    return _EMOJI.findall(text)


def keep_emoji_habits(persona: Persona, text: str, sources: Sequence[str] = ()) -> str:
    """A text without the emoji that the persona does not use, and without those beyond its number for a message.

    Those of an approved source stay: only lint speaks of them.
    """
    left = persona.emoji.max_per_message
    approved = {emoji for source in sources for emoji in emoji_of(source)}

    def keep(match: re.Match[str]) -> str:
        nonlocal left
        if match[0] in approved:
            return match[0]
        if left == 0 or not is_allowed(persona, match[0]):
            return ""
        left -= 1
        return match[0]

    return _EMOJI.sub(keep, text)


def is_allowed(persona: Persona, emoji: str) -> bool:
    """Whether the persona uses an emoji, with or without a variation selector."""
    return not persona.emoji.allowed or emoji.rstrip("\ufe0f") in {e.rstrip("\ufe0f") for e in persona.emoji.allowed}


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

"""Whether words may leave: what they are composed from is gathered here, the gates themselves are the persona's."""

from collections.abc import Iterator, Sequence
from typing import Any

from handlers.context import Context
from persona import compose
from persona.gates import Block

#: Figures for staff hold customers' own words; they are nothing that the brand says.
FREE_KINDS = frozenset({"status"})


def blocked(ctx: Context, text: str, why: dict[str, Any], sources: Sequence[str] = ()) -> Block | None:
    """Why a text may not be sent, or None.

    Its numbers must stand in `sources`, in the knowledge entry that `why` names as its source, or in a phrase of the
    persona that it says.
    """
    if why.get("kind") in FREE_KINDS:
        return None
    known = [*sources, *entry_texts(ctx, why)]
    phrases = list(_phrases(ctx, text))
    return ctx.brand.gate.check(text, [*known, *phrases], without=phrases)


def entry_texts(ctx: Context, why: dict[str, Any]) -> tuple[str, ...]:
    """What the entry that `why` names as its source says; nothing for other sources."""
    source = why.get("source") or {}
    entry = ctx.brand.knowledge.entries.get(str(source.get("id", ""))) if source.get("type") == "knowledge" else None
    return entry.texts if entry is not None else ()


def _phrases(ctx: Context, text: str) -> Iterator[str]:
    for variants in ctx.brand.persona.phrases.values():
        for variant in variants:
            yield from compose.spoken(variant, text)

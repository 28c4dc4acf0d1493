"""The JSON Lines tools: one answer per input line, in order, by the code that answers customers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from bot.errors import WanziError
from keywords.catalogue import load_catalogue
from keywords.segment import cut
from keywords.tagger import Tagger
from keywords.text import read_text

RANKED = 5


def _lines(source: TextIO, field: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise WanziError(f"input line {number}: not a JSON object") from None
        if not isinstance(row, dict) or "id" not in row or field not in row:
            raise WanziError(f"input line {number}: must have 'id' and '{field}'")
        yield row


def _write(out: TextIO, row: dict[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False) + "\n")
    out.flush()


def tag(catalogue: Path, source: TextIO, out: TextIO) -> None:
    """Which tags each text earns, and why."""
    tagger = Tagger(load_catalogue(catalogue))
    for row in _lines(source, "text"):
        found = tagger.read(str(row["text"]))
        _write(
            out,
            {
                "id": row["id"],
                "tags": [f.tag for f in found if f.relation is None],
                "third_party": [{"relation": f.relation, "tag": f.tag} for f in found if f.relation is not None],
                "evidence": [{"tag": f.tag, **f.evidence()} for f in found],
            },
        )


def ask(knowledge: Path, source: TextIO, out: TextIO) -> None:
    """Which entries each question means, whether Wanzi would answer, and what."""
    from handlers import reply  # imported where it is used: `wanzi tag` starts without a database or numpy
    from persona.entries import load_knowledge
    from persona.knowledge import Index

    index = Index(load_knowledge(knowledge), cut)
    for row in _lines(source, "text"):
        found = tuple(index.search(str(row["text"]), RANKED))
        answers = reply.is_answer(found)
        _write(
            out,
            {
                "id": row["id"],
                "answer": answers,
                "ranked": [candidate.entry.id for candidate in found],
                "score": found[0].score if found else 0.0,
                "reply": found[0].entry.answer if answers else "",
            },
        )


def handoff(brand_dir: Path, source: TextIO, out: TextIO) -> None:
    """Whether a person should take each conversation, and why."""
    from handlers import reply
    from handlers.brand import handoff_matcher
    from handlers.reading import find_wish

    words = handoff_matcher(brand_dir)
    for row in _lines(source, "turns"):
        turns = row["turns"]
        said = [str(turn.get("text", "")) for turn in turns if turn.get("role") == "user"]
        reason = find_wish(words, read_text(said[-1]))[0] if said else ""
        replies = [str(turn.get("text", "")) for turn in turns if turn.get("role") != "user"]
        if not reason and len(replies) >= reply.UNANSWERED_LIMIT and len(set(replies[-reply.UNANSWERED_LIMIT :])) == 1:
            reason = "repeated_nonanswer"
        _write(
            out,
            {"id": row["id"], "handoff": bool(reason), "reason": reason or "none", "score": 1.0 if reason else 0.0},
        )

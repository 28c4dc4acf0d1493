"""The JSON Lines tools: one answer per input line, in order, by the code that answers customers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from bot.errors import WanziError
from keywords.tagger import load_tagger
from keywords.wishes import with_own_words

RANKED = 5


def read_objects(source: TextIO, *needed: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON Lines. Raises WanziError naming the line and what an object must have."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise WanziError(f"input line {number}: not a JSON object")
        if not row.keys() >= set(needed):
            raise WanziError(f"input line {number}: must have {' and '.join(map(repr, needed))}")
        yield row


def _write(out: TextIO, row: dict[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False) + "\n")
    out.flush()


def tag(catalogue: Path, source: TextIO, out: TextIO) -> None:
    """Which tags each text earns, and why."""
    tagger = load_tagger(catalogue)
    for row in read_objects(source, "id", "text"):
        found = [finding for finding in tagger.read(str(row["text"])) if not finding.withdraws]
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
    from bot.embedding import open_embedder
    from bot.settings import load_settings
    from handlers.analysis import analyse  # imported where it is used: `wanzi tag` starts without numpy
    from persona.entries import load_knowledge
    from persona.knowledge import Index, decide

    index = Index(load_knowledge(knowledge), analyse, open_embedder(load_settings()))
    for row in read_objects(source, "id", "text"):
        found = index.search(str(row["text"]), RANKED)
        answers = decide(found) == "answer"
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
    wishes = with_own_words(brand_dir / "handoff.yaml")
    for row in read_objects(source, "id", "turns"):
        decision = wishes.read([(str(turn.get("role", "")), str(turn.get("text", ""))) for turn in row["turns"]])
        _write(
            out,
            {
                "id": row["id"],
                "handoff": bool(decision),
                "reason": decision.reason,
                "severity": decision.severity,
                "score": decision.score,
                "evidence": {"span": decision.span, "rule": decision.rule, "turn": decision.turn},
            },
        )

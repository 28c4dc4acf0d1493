"""How good the language is, on labelled sets: tags, hand-off, questions. Printed like coverage, by phenomenon.

The predictions are those of `wanzi tag`, `wanzi handoff` and `wanzi ask`: the code that serves customers.
"""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from bot.errors import WanziError

Row = dict[str, Any]

#: What a missed hand-off costs, by reason; a false alarm costs 1.
MISS_COST = {
    "crisis": 10,
    "adverse_reaction": 5,
    "legal_threat": 5,
    "ask_human": 3,
    "complaint": 3,
    "refund_dispute": 3,
    "repeated_nonanswer": 2,
}
#: Questions of other domains, chat and our own world; `oos_near` (same words, another brand or meaning) is not natural.
NEAR = "oos_near"


@dataclass
class Figures:
    """What one evaluation says: figures by name, and the rows that went wrong, by phenomenon."""

    figures: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class _Count:
    right: int = 0
    extra: int = 0
    missed: int = 0

    def add(self, said: set[Any], gold: set[Any]) -> None:
        self.right += len(said & gold)
        self.extra += len(said - gold)
        self.missed += len(gold - said)

    @property
    def precision(self) -> float:
        return _share(self.right, self.right + self.extra)

    @property
    def recall(self) -> float:
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        return _share(2 * self.right, 2 * self.right + self.extra + self.missed)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def read_gold(paths: Iterable[Path], *needed: str) -> list[Row]:
    """The rows of labelled files. Raises WanziError naming file, line and field."""
    rows: list[Row] = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line) if line.strip() else None
            except ValueError:
                raise WanziError(f"{path}:{number}: not a JSON object") from None
            if row is None:
                continue
            missing = [name for name in ("id", *needed) if not isinstance(row, dict) or name not in row]
            if missing:
                raise WanziError(f"{path}:{number}: must have '{missing[0]}'")
            rows.append(row)
    return rows


def predict(tool: Callable[[TextIO, TextIO], None], gold: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Each gold row with what a JSON Lines tool says to it."""
    source = io.StringIO("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in gold))
    out = io.StringIO()
    tool(source, out)
    return zip(gold, map(json.loads, out.getvalue().splitlines()), strict=True)


def tagging(
    pairs: Iterable[tuple[Row, Row]], dimension_of: Callable[[str], str], is_sensitive: Callable[[str], bool]
) -> Figures:
    """Gold rows hold text, tags, optional, third_party, phenomenon; optional tags neither help nor hurt."""
    out = Figures()
    total, others, sensitive = _Count(), _Count(), _Count()
    by_dimension: dict[str, _Count] = defaultdict(_Count)
    by_phenomenon: dict[str, _Count] = defaultdict(_Count)
    bare = bare_tagged = third = leaked = 0
    for gold, said in pairs:
        need, optional = set(gold["tags"]), set(gold.get("optional", []))
        tags = set(said["tags"]) - (optional - need)
        phenomenon = gold.get("phenomenon", "-")
        total.add(tags, need)
        by_phenomenon[phenomenon].add(tags, need)
        for tag in tags | need:
            by_dimension[dimension_of(tag)].add(tags & {tag}, need & {tag})
            if is_sensitive(tag):
                sensitive.add(tags & {tag}, need & {tag})
        bare, bare_tagged = bare + (not need), bare_tagged + (not need and bool(tags))
        foreign = {trait["tag"] for trait in gold.get("third_party", [])} - need - optional
        third, leaked = third + bool(foreign), leaked + bool(foreign & tags)
        others.add(*({(t["relation"], t["tag"]) for t in row.get("third_party", [])} for row in (said, gold)))
        if tags != need:
            lost = [*(f"+{tag}" for tag in sorted(tags - need)), *(f"-{tag}" for tag in sorted(need - tags))]
            out.wrong[phenomenon].append(f"{' '.join(lost)}  {gold['text']}")
    out.figures = {
        "precision": total.precision,
        "recall": total.recall,
        "F1": total.f1,
        "no-tag false positives": _share(bare_tagged, bare),
        "third-person leak": _share(leaked, third),
        "third-person F1": others.f1,
        "sensitive precision": sensitive.precision,
        "sensitive recall": sensitive.recall,
        **{f"F1 of {name}": count.f1 for name, count in sorted(by_dimension.items())},
        **{f"F1 in {name}": count.f1 for name, count in sorted(by_phenomenon.items()) if count.right + count.missed},
    }
    return out


def handoff(pairs: Iterable[tuple[Row, Row]]) -> Figures:
    """Gold rows hold turns, handoff (null: not scored), reason; `kind` groups what went wrong."""
    out = Figures()
    count = _Count()
    cost = most = 0
    quiet: dict[str, list[bool]] = defaultdict(list)
    heard: dict[str, list[bool]] = defaultdict(list)
    for gold, said in pairs:
        if gold["handoff"] is None:
            continue
        alarm, kind = bool(said["handoff"]), str(gold.get("kind", gold.get("reason", "-")))
        count.add({1} if alarm else set(), {1} if gold["handoff"] else set())
        if gold["handoff"]:
            weight = MISS_COST[gold["reason"]]
            most, cost = most + weight, cost + (0 if alarm else weight)
            heard[gold["reason"]].append(alarm)
        else:
            quiet["ordinary lines" if kind.startswith("ordinary") else "traps"].append(alarm)
        if alarm != gold["handoff"]:
            text = " / ".join(str(turn["text"]) for turn in gold["turns"])
            out.wrong[kind].append(f"{'+' if alarm else '-'}{said['reason'] if alarm else gold['reason']}  {text}")
    out.figures = {
        "precision": count.precision,
        "recall": count.recall,
        "weighted recall": 1 - _share(cost, most) if most else 0.0,
        **{f"false alarms on {name}": _share(sum(alarms), len(alarms)) for name, alarms in sorted(quiet.items())},
        **{f"recall of {reason}": _share(sum(hits), len(hits)) for reason, hits in sorted(heard.items())},
    }
    return out


def faq(pairs: Iterable[tuple[Row, Row]], most_false: float = 0.05) -> Figures:
    """Gold rows hold text, gold (null: out of scope), accept, kind; swept figures allow `most_false` false answers."""
    out = Figures()
    rows = list(pairs)
    inside = [(gold, said) for gold, said in rows if gold["gold"]]
    outside = [(gold, said) for gold, said in rows if not gold["gold"]]
    natural = [(gold, said) for gold, said in outside if gold.get("kind") != NEAR]
    for gold, said in rows:
        right = not gold["gold"] or _hit(gold, said, 1)
        if (said["answer"] and not (gold["gold"] and right)) or (gold["gold"] and not right):
            verb = "answered" if said["answer"] else "first"
            first = said["ranked"][0] if said["ranked"] else "-"
            out.wrong[str(gold.get("kind", "-"))].append(f"{gold['gold']} {verb} {first}  {gold['text']}")
    out.figures = {
        "forced top-1": _share(sum(_hit(g, s, 1) for g, s in inside), len(inside)),
        "forced top-3": _share(sum(_hit(g, s, 3) for g, s in inside), len(inside)),
        "top-1 at 5% false answers (natural)": _swept(inside, natural, most_false),
        "top-1 at 5% false answers (all)": _swept(inside, outside, most_false),
        "answered rightly": _share(sum(s["answer"] and _hit(g, s, 1) for g, s in inside), len(inside)),
        "answered wrongly in scope": _share(sum(s["answer"] and not _hit(g, s, 1) for g, s in inside), len(inside)),
        "false answers (natural)": _share(sum(s["answer"] for _, s in natural), len(natural)),
        "false answers (all)": _share(sum(s["answer"] for _, s in outside), len(outside)),
    }
    return out


def _hit(gold: Mapping[str, Any], said: Mapping[str, Any], most: int) -> bool:
    return any(entry == gold["gold"] or entry in gold.get("accept", []) for entry in said["ranked"][:most])


def _swept(inside: list[tuple[Row, Row]], outside: list[tuple[Row, Row]], most_false: float) -> float:
    """Top-1 when only scores above the threshold answer that lets `most_false` of the outside through."""
    scores = sorted((said["score"] if said["ranked"] else 0.0 for _, said in outside), reverse=True)
    allowed = int(most_false * len(scores))
    threshold = scores[allowed] if allowed < len(scores) else -1.0
    return _share(sum(s["score"] > threshold and _hit(g, s, 1) for g, s in inside), len(inside))


def show(title: str, result: Figures, *, errors: bool) -> Iterator[str]:
    """The lines to print: a figure a line; with `errors` each wrong row below its phenomenon."""
    yield title
    for name, value in result.figures.items():
        yield f"  {name:<38} {value:.3f}"
    for phenomenon, rows in sorted(result.wrong.items()):
        yield f"  wrong in {phenomenon}: {len(rows)}"
        if errors:
            yield from (f"    {row}" for row in rows)

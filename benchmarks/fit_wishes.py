"""Fits the model by which a hand-off is decided, and tells by cross-validation how well it will do: part of `make fit`.

A fold holds whole groups of texts that are near-duplicates, so that none is judged by its twin.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import fit
from keywords.finding.signals import Signals, Weights, load_weights, scores
from keywords.judging.hunch import Hunch, features
from keywords.judging.talk import CUSTOMER, Heard, Turn
from keywords.lexicon import load_lexicon
from keywords.normalise import Folded, fold, normalise
from keywords.wishes import ADVERSE, COST, ENOUGH, LEXICON, MODEL, NONE, REASONS, WEIGHTS, Wishes

SETS = ("handoff/handoff.dev.jsonl", "handoff/ordinary.dev.jsonl", "handoff/train_*.jsonl")
#: Texts labelled for something else: nearly all of them ask for nobody. What one counts for beside a conversation.
OTHERS = ("*/tagging.dev.jsonl", "[!h]*/train_[a-z].jsonl", "*/faq.dev.jsonl", "*/knowledge.jsonl")
SLIGHT = 0.3
#: How much more an example counts for each point that missing its reason costs.
DEAR = 0.15
BITS, STRENGTH, FOLDS = 17, 30.0, 5
CLASSES = (NONE, *REASONS)


def inputs() -> list[Path]:
    """All that the model is made of."""
    return [*fit.files(*SETS, *OTHERS), LEXICON, WEIGHTS]


def labelled() -> list[fit.Row]:
    """Conversations with a plain label; `ordinary` says that one is neither a wish nor a trap."""
    found = [row for row in fit.rows(*SETS) if row["handoff"] is not None]
    return [{**row, "ordinary": not row["handoff"] and row["kind"].startswith("ord")} for row in found]


def ordinary(signals: Signals) -> list[fit.Row]:
    """What customers wrote for other labels, taken for ordinary where no reason's words stand out."""
    weights = _weights()
    texts = [
        text for row in fit.rows(*OTHERS) for text in (row.get("text") or row["question"], *row.get("similar", ()))
    ]
    return [
        {"id": "", "turns": [{"role": CUSTOMER, "text": text}], "handoff": False, "reason": NONE, "kind": "other"}
        for text in dict.fromkeys(texts)
        if not _stands_out(signals.hear(normalise(text)).keys(), weights)
    ]


def _stands_out(heard: Set[str], weights: Weights) -> bool:
    at_fault = bool(heard & {"use", "product_hurt", "ingest"})
    return any(score >= ENOUGH and (reason != ADVERSE or at_fault) for reason, score in scores(weights, heard).items())


def _weights() -> Weights:
    return load_weights(WEIGHTS, load_lexicon(LEXICON))


def main(out: Any = sys.stdout) -> None:
    """Cross-validate, then fit on everything."""
    signals = Signals(load_lexicon(LEXICON).values())
    weights = _weights()
    told = labelled() + ordinary(signals)
    places = fit.matrix((features(_until_customer(signals, weights, row)) for row in told), BITS)
    figures(told, crossed(told, places), out)
    _fit(MODEL, told, places, range(len(told)))


def _until_customer(signals: Signals, weights: Weights, row: fit.Row) -> list[Turn]:
    """The turns of a conversation up to the customer's last."""
    said = [(turn["role"], fold(turn["text"])) for turn in row["turns"]]
    last = max(number for number, (role, _) in enumerate(said, 1) if role == CUSTOMER)
    return [Turn(role, _heard(signals, weights, text)) for role, text in said[:last]]


def _heard(signals: Signals, weights: Weights, text: Folded) -> Heard:
    found = signals.hear(text.text)
    return Heard(text, text.text, found, scores(weights, found.keys()))


def _fit(path: Path, told: Sequence[fit.Row], places: Any, seen: Sequence[int]) -> None:
    """Fit on the rows that may be seen, and write the model."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    used = np.unique(places.indices)
    rows = [told[place] for place in seen]
    reasons = [row["reason"] if row["handoff"] else NONE for row in rows]
    costs = [SLIGHT if row["kind"] == "other" else 1 + DEAR * COST.get(row["reason"], 0) for row in rows]
    model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-3)
    model.fit(places[seen][:, used], reasons, sample_weight=costs)
    order = [list(model.classes_).index(name) for name in CLASSES]
    weights = np.zeros((len(CLASSES), 1 << BITS))
    weights[:, used] = model.coef_[order]
    fit.write(path, CLASSES, BITS, weights, model.intercept_[order], of=fit.digest(inputs()))


def crossed(told: Sequence[fit.Row], places: Any) -> list[Any]:
    """What each conversation is decided to be by a model that saw neither it nor its like."""
    folds = _folds(told)
    decided: list[Any] = [None] * len(told)
    meanings = load_lexicon(LEXICON)
    for number in range(FOLDS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.bin"
            _fit(path, told, places, [place for place, part in enumerate(folds) if part != number])
            wishes = Wishes(meanings, _weights(), Hunch(path))
        for place in (place for place, part in enumerate(folds) if part == number):
            row = told[place]
            decided[place] = wishes.read([(turn["role"], turn["text"]) for turn in row["turns"]])
    return decided


def figures(told: Sequence[fit.Row], decided: Sequence[Any], out: Any) -> None:
    """Print recall, weighted by cost and of each reason, and the share of traps and ordinary lines called wishes."""
    pairs = [(row, bool(decision)) for row, decision in zip(told, decided, strict=True) if row["id"].startswith("t")]
    wanted = [(row, found) for row, found in pairs if row["handoff"]]
    cost = sum(COST[row["reason"]] for row, _ in wanted)
    out.write(f"recall {sum(COST[row['reason']] for row, found in wanted if found) / cost:.3f}")
    for reason in REASONS:
        found = [hit for row, hit in wanted if row["reason"] == reason]
        out.write(f"  {reason} {sum(found) / len(found):.3f}")
    for name, ordinary in (("traps", False), ("ordinary", True)):
        alarms = [hit for row, hit in pairs if not row["handoff"] and row["ordinary"] == ordinary]
        out.write(f"  {name} {sum(alarms) / len(alarms):.3f}")
    out.write("\n")


def _folds(told: Sequence[fit.Row]) -> list[int]:
    """A fold for each row; rows that share half of their letter pairs are in one."""
    leader = list(range(len(told)))
    holders: dict[str, list[int]] = defaultdict(list)
    pairs = [_pairs(row) for row in told]
    for number, own in enumerate(pairs):
        shared = Counter(other for pair in own for other in holders[pair][:400])
        for other, count in shared.items():
            if 2 * count >= len(own | pairs[other]):
                leader[_first(leader, number)] = _first(leader, other)
        for pair in own:
            holders[pair].append(number)
    return [_first(leader, number) * 2654435761 % 4294967296 % 1009 % FOLDS for number in range(len(told))]


def _first(leader: list[int], number: int) -> int:
    while leader[number] != number:
        number = leader[number]
    return number


def _pairs(row: fit.Row) -> set[str]:
    text = normalise(" ".join(turn["text"] for turn in row["turns"] if turn["role"] == CUSTOMER))
    return {text[place : place + 2] for place in range(len(text) - 1)} or {text}


if __name__ == "__main__":
    main()

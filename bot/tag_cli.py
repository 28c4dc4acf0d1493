"""`wanzi tags` and `wanzi keywords`: are the tags right, what would a change do, which words are missing."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import WanziError

if TYPE_CHECKING:
    from bot.bootstrap import Core
    from bot.settings import Settings
    from handlers.tags.faults import Fault
    from handlers.tags.precision import RuleFigures
    from keywords.catalogue import Catalogue
    from keywords.tagger import Tagger

tags = typer.Typer(no_args_is_help=True, help="Are the tags right?")
keywords = typer.Typer(no_args_is_help=True, help="Which words are missing?")

Brand = Annotated[Path | None, typer.Option(help="Brand folder; else the setting brand_dir")]


def _settings() -> "Settings":
    from bot.log import configure
    from bot.settings import load_settings

    settings = load_settings()
    configure(settings.log_format)
    return settings


def _open(settings: "Settings") -> "Core":
    from bot.bootstrap import open_core

    core = open_core(settings)
    core.require_tables()
    return core


def _tagger(catalogue: Path, folder: Path) -> "Tagger":
    """The rules of a catalogue, with the words beside it, or else the brand's own."""
    from keywords.catalogue import load_catalogue
    from keywords.tagger import Tagger

    beside = catalogue.with_name("lexicon.yaml")
    return Tagger(load_catalogue(catalogue), beside if beside.exists() else folder / "lexicon.yaml")


@tags.command()
def report(
    brand: Brand = None,
    unused_days: Annotated[int, typer.Option(help="A tag nobody got in so many days is unused")] = 90,
    stale_days: Annotated[int, typer.Option(help="A tag nothing has said again in so many days is stale")] = 180,
    sample: Annotated[Path | None, typer.Option(help="Write the samples to this sheet, to be judged")] = None,
    per_rule: Annotated[int, typer.Option(help="Samples of each rule")] = 20,
    seed: Annotated[int, typer.Option(help="Other samples with another number")] = 0,
) -> None:
    """Unused, duplicate, overlapping, conflicting and stale tags, and how often each rule is right. Ids, no names."""
    from handlers.tags.faults import Ages, find_faults
    from handlers.tags.precision import look_again

    settings = _settings()
    folder = brand or settings.brand_dir
    tagger = _tagger(folder / "catalogue.yaml", folder)
    core = _open(settings)
    with core.database.read() as db:
        faults = find_faults(db, tagger.catalogue, Ages(unused_days, stale_days), core.clock.now())
        rules, stale = look_again(db, tagger, per_rule, seed)
    for fault in sorted([*faults, *stale], key=lambda found: found.kind):
        typer.echo(_fault_line(fault, tagger.catalogue))
    for rule in sorted(rules, key=lambda found: -(found.wrong or 0.0)):
        typer.echo(_rule_line(rule, tagger.catalogue))
    if sample is not None:
        _write_lines(sample, (one.line() for rule in rules for one in rule.sample))


def _shown(tag: str, catalogue: "Catalogue") -> str:
    return f"{tag} (sensitive)" if catalogue.is_sensitive(tag) else tag


def _fault_line(fault: "Fault", catalogue: "Catalogue") -> str:
    names = " + ".join(_shown(tag, catalogue) for tag in fault.tags)
    cells = [fault.kind, names, fault.reason, f"{fault.customers} customers", *fault.examples]
    return "\t".join(cells)


def _rule_line(rule: "RuleFigures", catalogue: "Catalogue") -> str:
    judged = "not judged" if rule.precision is None else f"precision {rule.precision:.2f} of {rule.judged} judged"
    wrong = [] if rule.wrong is None else [f"about {rule.wrong:.0f} customers wrong"]
    again = f"{rule.agreed} of {len(rule.sample)} samples given again"
    return "\t".join(
        ["rule", _shown(rule.tag, catalogue), rule.rule, f"{rule.holders} customers", again, judged, *wrong]
    )


@tags.command()
def judge(by: Annotated[str, typer.Option(help="Who judged (userid)")] = "") -> None:
    """Read a judged sheet from standard input: `right` of each line is true, false, or null for "not judged"."""
    from bot.tools import read_objects
    from handlers.tags.precision import verdicts
    from storage import judgments

    found = list(verdicts(read_objects(sys.stdin)))
    core = _open(_settings())
    with core.database.write() as db:
        for verdict in found:
            judgments.keep(db, verdict, by, core.clock.now())
    typer.echo(f"{len(found)} judgments kept")


@tags.command()
def backtest(
    catalogue: Annotated[Path, typer.Option(help="The changed catalogue (YAML)")],
    brand: Brand = None,
    since: Annotated[int, typer.Option(help="Days of history; 0: all")] = 0,
    ids: Annotated[bool, typer.Option("--ids", help="Show whole external_userids instead of hashes")] = False,
    most: Annotated[int, typer.Option(help="Customers shown of each tag")] = 20,
) -> None:
    """Who would gain and lose which tag by a changed catalogue: one JSON line a tag. Changes nothing."""
    from bot.log import who
    from handlers.tags.backtest import compare
    from storage import history
    from storage import tags as memory

    settings = _settings()
    folder = brand or settings.brand_dir
    present, changed = _tagger(folder / "catalogue.yaml", folder), _tagger(catalogue, folder)
    core = _open(settings)
    now = core.clock.now()
    with core.database.read() as db:
        said = history.said(db, now - timedelta(days=since) if since else None)
        outcome = compare(said, present, changed, memory.removed_by_hand(db), now)
    name = str if ids else who
    for difference in outcome.differences:
        sensitive = changed.catalogue.is_sensitive(difference.tag) or present.catalogue.is_sensitive(difference.tag)
        typer.echo(json.dumps({**difference.line(name, most), "sensitive": sensitive}, ensure_ascii=False))
    typer.echo(f"{outcome.messages} messages of {outcome.customers} customers read, nothing changed", err=True)


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as sheet:
        for row in rows:
            sheet.write(json.dumps(row, ensure_ascii=False) + "\n")


@keywords.command()
def suggest(
    tag: Annotated[str, typer.Option(help="The tag that wants words")],
    brand: Brand = None,
    messages: Annotated[Path | None, typer.Option(help='Messages (JSON Lines {"text"}); else the database')] = None,
    most: Annotated[int, typer.Option(help="How many suggestions")] = 20,
    accept: Annotated[list[str] | None, typer.Option(help="Take this word into the brand's lexicon.yaml")] = None,
    refuse: Annotated[list[str] | None, typer.Option(help="Never suggest this word again")] = None,
) -> None:
    """New words for a tag from what customers write: word, why, messages, of these with the tag, examples."""
    from handlers.tags import wordings
    from keywords.choices import choose

    settings = _settings()
    folder = brand or settings.brand_dir
    asked = wordings.Wanted(folder, tag)
    if accept or refuse:
        choose(asked.lexicon, tag, accept or (), refuse or ())
        typer.echo(f"{asked.lexicon}: {len(accept or ())} accepted, {len(refuse or ())} refused")
        return
    if messages is not None:
        found = wordings.suggest_from(asked, lambda: _texts(messages), most)
    else:
        with _open(settings).database.read() as db:
            found = wordings.suggest_from_history(asked, db, most)
    for one in found:
        why = f"{one.kinship.how} {one.kinship.word}".strip() or "often said with the tag"
        typer.echo("\t".join([one.word, why, str(one.count), str(one.carrying), *one.examples]))


def _texts(path: Path) -> Iterator[str]:
    from bot.tools import read_objects

    with path.open(encoding="utf-8") as source:
        for number, row in enumerate(read_objects(source), 1):
            if "text" not in row:
                raise WanziError(f"{path}: line {number}: must have 'text'")
            yield str(row["text"])

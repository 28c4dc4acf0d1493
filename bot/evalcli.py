"""`wanzi eval`: the figures of labelled sets, printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.evaluation import Figures

evaluation = typer.Typer(no_args_is_help=True, help="How good tags, hand-off and answers are, on labelled sets")

Gold = Annotated[list[Path], typer.Argument(help="Labelled sets (JSON Lines)")]
Errors = Annotated[bool, typer.Option("--errors", help="Show each row that went wrong, by phenomenon")]


@evaluation.command()
def tagging(
    gold: Gold,
    catalogue: Annotated[Path | None, typer.Option(help="Tag catalogue (YAML); else the brand's")] = None,
    errors: Errors = False,
) -> None:
    """Gold rows: {"id","text","tags","optional","third_party","phenomenon"}."""
    from bot import evaluation as e
    from bot import tools
    from bot.settings import load_settings
    from keywords.catalogue import load_catalogue

    path = catalogue or load_settings().brand_dir / "catalogue.yaml"
    rules = load_catalogue(path)
    pairs = e.predict(lambda source, out: tools.tag(path, source, out), e.read_gold(gold, "text", "tags"))
    _print(f"tagging, {_names(gold)}", e.tagging(pairs, rules.dimension_of, rules.is_sensitive), errors=errors)


@evaluation.command()
def handoff(gold: Gold, errors: Errors = False) -> None:
    """Gold rows: {"id","turns":[{"role","text"}],"handoff","reason","kind"}."""
    from bot import evaluation as e
    from bot import tools
    from bot.settings import load_settings

    brand_dir = load_settings().brand_dir
    pairs = e.predict(
        lambda source, out: tools.handoff(brand_dir, source, out), e.read_gold(gold, "turns", "handoff", "reason")
    )
    _print(f"hand-off, {_names(gold)}", e.handoff(pairs), errors=errors)


@evaluation.command()
def faq(
    gold: Gold,
    knowledge: Annotated[Path | None, typer.Option(help="Knowledge (JSON Lines); else the brand's")] = None,
    errors: Errors = False,
) -> None:
    """Gold rows: {"id","text","gold","accept","kind"}; gold null: nothing in the knowledge answers it."""
    from bot import evaluation as e
    from bot import tools
    from bot.settings import load_settings

    path = knowledge or load_settings().brand_dir / "knowledge.jsonl"
    pairs = e.predict(lambda source, out: tools.ask(path, source, out), e.read_gold(gold, "text", "gold"))
    _print(f"questions, {_names(gold)}", e.faq(pairs), errors=errors)


def _names(paths: list[Path]) -> str:
    return ", ".join(f"{path.parent.name}/{path.name}" for path in paths)


def _print(title: str, result: "Figures", *, errors: bool) -> None:
    from bot.evaluation import show

    for line in show(title, result, errors=errors):
        typer.echo(line)

"""`wanzi persona`: checks of what a brand says, before anybody hears it."""

from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(no_args_is_help=True, help="The brand's voice and knowledge")


@cli.callback()
def main() -> None:
    """The brand's voice and knowledge."""


@cli.command()
def lint(
    brand: Annotated[Path | None, typer.Option(help="Brand folder; without it the one of the settings")] = None,
    persona: Annotated[str, typer.Option(help="Name of the persona; without it the one of the settings")] = "",
) -> None:
    """Unlawful and forbidden words, numbers, lengths, emoji, tags, dates, doubles. Ends with 1 on errors."""
    from zoneinfo import ZoneInfo

    from bot.clock import Clock
    from bot.persona_lint import lint_brand
    from bot.settings import load_settings
    from persona.findings import ERROR

    settings = load_settings()
    today = Clock(settings.clock_file).now().astimezone(ZoneInfo(settings.timezone)).date()
    found = lint_brand(brand or settings.brand_dir, persona or settings.persona, today)
    for finding in found:
        typer.echo(str(finding))
    errors = sum(finding.level == ERROR for finding in found)
    typer.echo(f"{errors} errors, {len(found) - errors} warnings")
    if errors:
        raise typer.Exit(1)

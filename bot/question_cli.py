"""`wanzi questions`: what nobody could answer, and what a person decides about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.bootstrap import Core

cli = typer.Typer(no_args_is_help=True, help="What customers asked and nobody could answer")
Ids = Annotated[list[int], typer.Argument(help="Numbers as `questions list` shows them")]
By = Annotated[str, typer.Option(help="Who decides, for the record")]


class State(StrEnum):
    """Of which questions: those nobody has looked at, or those settled."""

    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


@cli.command("list")
def list_(
    most: Annotated[int, typer.Option(min=1, help="How many")] = 20,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Asked in the last so many days")] = 30,
    state: Annotated[State, typer.Option(help="Which")] = State.OPEN,
) -> None:
    """Questions without an answer, the most frequent first: number, times, customers, words, nearest entry."""
    from storage import questions

    with _core() as core, core.database.read() as db:
        for asked in questions.top(db, most, core.clock.now() - timedelta(days=days), state.value):
            question = asked.question
            nearest = question.candidates[0] if question.candidates else None
            shown = f"{nearest['id']} {nearest['title']} {nearest['score']:.2f}" if nearest else "-"
            examples = " / ".join(question.examples)
            typer.echo(f"{question.id}\t{asked.times}\t{asked.customers}\t{examples}\t{shown}")


@cli.command()
def answered(ids: Ids, by: By = "") -> None:
    """An entry answers them now. Asked again without an answer, they are open again."""
    _settle(ids, State.ANSWERED, by)


@cli.command()
def dismiss(ids: Ids, by: By = "") -> None:
    """They need no answer; asked again, they stay off the list."""
    _settle(ids, State.DISMISSED, by)


def _settle(ids: list[int], state: State, by: str) -> None:
    from storage import questions

    with _core() as core, core.database.write() as db:
        settled = {number: questions.settle(db, number, state.value, by, core.clock.now()) for number in ids}
    for number, done in settled.items():
        typer.echo(f"{number}: {state.value if done else 'not an open question'}")
    if not all(settled.values()):
        raise typer.Exit(1)


@contextmanager
def _core() -> Iterator["Core"]:
    from bot.bootstrap import open_core
    from bot.settings import load_settings

    core = open_core(load_settings())
    core.require_tables()
    try:
        yield core
    finally:
        core.database.close()

"""The command line. Each command imports what it needs, so that `wanzi tag` does not load a web server."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import persona_cli, question_cli, tag_cli
from bot.errors import WanziError
from bot.evalcli import evaluation

if TYPE_CHECKING:
    from bot.settings import Settings

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="丸子 Wanzi: a WeCom assistant"
)
tables = typer.Typer(no_args_is_help=True, help="The database")
dead = typer.Typer(no_args_is_help=True, help="What could not be handled or sent")
cli.add_typer(tables, name="db")
cli.add_typer(dead, name="dead")
cli.add_typer(tag_cli.tags, name="tags")
cli.add_typer(tag_cli.keywords, name="keywords")
cli.add_typer(question_cli.cli, name="questions")
cli.add_typer(persona_cli.cli, name="persona")
cli.add_typer(evaluation, name="eval")


def main() -> None:
    """Entry point; an error made on purpose is one clear line, not a traceback."""
    try:
        cli()
    except (WanziError, ValueError) as error:
        raise SystemExit(f"wanzi: {error}") from None
    except FileNotFoundError as error:
        raise SystemExit(f"wanzi: {error.filename}: no such file") from None


def _server_settings(*required: str) -> "Settings":
    """The settings of a process that is to run for long."""
    from bot.lean import slim

    slim()
    return _settings(*required)


def _settings(*required: str) -> "Settings":
    from bot.log import configure
    from bot.settings import load_settings, require

    settings = load_settings()
    require(settings, *required)
    configure(settings.log_format)
    return settings


def _share_counters(name: str) -> None:
    """Before bot.metrics is imported: the processes of one run count into files in one folder."""
    import os
    import tempfile

    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"wanzi-{name}-metrics-")


@cli.command()
def serve() -> None:
    """Everything with one command: web, worker, sender, scheduler."""
    settings = _server_settings("corpid", "secret", "token", "encoding_aes_key")
    _share_counters("serve")
    from bot.serve import serve as run

    run(settings)


@cli.command()
def web() -> None:
    """The web server alone (scaled)."""
    settings = _server_settings("corpid", "token", "encoding_aes_key")
    _share_counters("web")
    from bot.bootstrap import open_core
    from bot.web.server import serve_web

    open_core(settings).require_tables()
    serve_web(settings)


@cli.command()
def worker() -> None:
    """Handlers, look-ups and senders alone (scaled); any number may run."""
    _work(with_scheduler=False, with_worker=True)


@cli.command()
def scheduler() -> None:
    """The clock's tick alone (scaled)."""
    _work(with_scheduler=True, with_worker=False)


def _work(*, with_scheduler: bool, with_worker: bool) -> None:
    settings = _server_settings("corpid", "secret")
    _share_counters("worker" if with_worker else "scheduler")
    import signal
    import threading

    from bot import bootstrap, working

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = bootstrap.open_engine(bootstrap.open_core(settings))
    engine.core.require_tables()
    engine.change(bootstrap.begin)
    working.run(engine, stop, with_scheduler=with_scheduler, with_worker=with_worker)


@cli.command()
def sandbox(
    world: Annotated[str, typer.Option(help="World file (YAML); empty: a sample world")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on")] = 8790,
    clock_file: Annotated[str, typer.Option(help="File with the seconds to add to the clock")] = "",
) -> None:
    """A WeCom of our own to play with; needs no network."""
    from bot.sandbox.server import serve as run

    run(world or None, host, port, clock_file or None)


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database and settings")] = Path("var/demo"),
    port: Annotated[int, typer.Option(help="Port of the bot")] = 8000,
    sandbox_port: Annotated[int, typer.Option(help="Port of the sandbox")] = 8790,
) -> None:
    """Bot and sandbox with the sample brand, on SQLite, ready to chat with."""
    from bot.demo import run

    run(folder, port, sandbox_port)


@tables.command("upgrade")
def db_upgrade() -> None:
    """Make the tables, or bring them up to date."""
    settings = _settings()
    from bot.bootstrap import upgrade_database

    upgrade_database(settings.database_url)
    typer.echo("database is up to date")


@dead.command("list")
def dead_list(most: Annotated[int, typer.Option(help="How many of each box")] = 50) -> None:
    """Dead rows with their reasons, newest first; replay them by the id shown."""
    from storage import inbox, outbox

    with _database().read() as db:
        for row in outbox.stuck(db, most):
            typer.echo(f"out:{row.id}\t{row.created_at:%Y-%m-%d %H:%M:%S}\t{row.state}\t{row.api}\t{row.reason}")
        for event in inbox.dead(db, most):
            typer.echo(f"in:{event.id}\t{event.received_at:%Y-%m-%d %H:%M:%S}\tdead\t{event.kind}\t{event.reason}")


@dead.command("replay")
def dead_replay(ids: Annotated[list[str], typer.Argument(help="Ids as `dead list` shows them: out:12 in:3")]) -> None:
    """Put dead rows back to work; also calls of unknown outcome, once a person has looked whether WeCom did them."""
    from storage import inbox, outbox

    _change_dead(ids, {"out": outbox.revive, "in": inbox.revive}, "queued again", "not dead, or its time is over")


@dead.command("drop")
def dead_drop(ids: Annotated[list[str], typer.Argument(help="Ids as `dead list` shows them: out:12 in:3")]) -> None:
    """Take rows off the list that need nothing more. They stay in the database."""
    from storage import inbox, outbox

    _change_dead(ids, {"out": outbox.drop, "in": inbox.drop}, "dropped", "not on the list")


def _change_dead(ids: list[str], boxes: dict[str, Callable[..., bool]], done: str, not_done: str) -> None:
    from bot.clock import Clock

    for name in ids:
        box, _, number = name.partition(":")
        if box not in boxes or not number.isdigit():
            raise WanziError(f"'{name}' is no id; allowed: out:NUMBER or in:NUMBER, as `wanzi dead list` shows them")
    database, now = _database(), Clock(_settings().clock_file).now()
    failed = False
    for name in ids:
        box, _, number = name.partition(":")
        with database.write() as db:
            changed = boxes[box](db, int(number), now)
        typer.echo(f"{name}: {done if changed else not_done}")
        failed = failed or not changed
    if failed:
        raise typer.Exit(1)


def _database() -> Any:
    from bot.bootstrap import open_core

    core = open_core(_settings())
    core.require_tables()
    return core.database


@cli.command()
def tag(catalogue: Annotated[Path, typer.Option(help="Tag catalogue (YAML)")]) -> None:
    """JSON Lines: {"id","text"} in, {"id","tags","third_party","evidence"} out."""
    from bot import tools

    tools.tag(catalogue, sys.stdin, sys.stdout)


@cli.command()
def ask(knowledge: Annotated[Path, typer.Option(help="Knowledge (JSON Lines)")]) -> None:
    """JSON Lines: {"id","text"} in, {"id","answer","ranked","score","reply"} out."""
    from bot import tools

    tools.ask(knowledge, sys.stdin, sys.stdout)


@cli.command()
def handoff() -> None:
    """JSON Lines: {"id","turns":[{"role","text"}]} in, {"id","handoff","reason","score"} out."""
    from bot import tools

    tools.handoff(_settings().brand_dir, sys.stdin, sys.stdout)

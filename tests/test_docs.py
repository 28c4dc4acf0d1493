"""What the documents name is there, and what is there is named: settings, commands, files, metrics, keys."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

from bot import metrics
from bot.cli import cli
from bot.sandbox import faults, world
from bot.sandbox.rules import Rules
from bot.sandbox.server import create_app
from bot.settings import PATHS, PREFIX, describe
from handlers import brand
from keywords.catalogue import TagRule
from persona.entries import Entry
from persona.model import PHRASES, Persona

ROOT = Path(__file__).parent.parent
DOCS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (
    *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")))}  # fmt: skip
EVERY_DOC = pytest.mark.parametrize("name", sorted(DOCS))

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMAND = re.compile(r"(?:^|[`/$\s])wanzi((?: [a-z]+){1,2})((?: +[^\n`|;]*)?)", re.MULTILINE)
TREE = ("bot", "handlers", "keywords", "persona", "storage", "tests", "docs", "brands", "benchmarks", ".ci")
FILE = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, TREE))})/[\w./*-]*")
ROOT_FILE = re.compile(r"`([\w-]+\.(?:toml|lock|md)|config\.yaml|Makefile)`")
LARGEST_IMAGE = 200_000  # bytes


def code_of(text: str) -> str:
    """What stands in code spans and blocks, each on lines of its own."""
    return "\n".join(CODE.findall(text))


def commands() -> dict[str, Any]:
    """Every command of the program by its full name ("dead list")."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_group(cli).commands.items():
        inside = getattr(command, "commands", None)  # a group's; typer's own kind of click is not to be imported
        found |= {name: command} if inside is None else {f"{name} {inner}": sub for inner, sub in inside.items()}
    return found


def mentioned(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands in the code of a document, with their options: ("demo", ["--port"])."""
    groups = {name.split()[0] for name in commands() if " " in name}
    for words, rest in COMMAND.findall(code_of(text)):
        first, *more = words.split()
        if first in groups and not more:
            continue
        name = f"{first} {more[0]}" if first in groups else first
        yield name, re.findall(r"--[a-z-]+", rest)


def rows(text: str) -> list[list[str]]:
    """The cells of a document's tables, without back-quotes."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|--")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def named(text: str) -> set[str]:
    """Names in back-quotes in the first column of a document's tables."""
    return {name for row in rows(text) for name in re.findall(r"`([^`]+)`", row[0])}


def test_every_setting_is_documented_as_it_is_and_no_other() -> None:
    found = {}
    for cells in rows(DOCS["docs/settings.md"]):
        if cells[0].startswith("`"):
            key, default, variable, meaning = (cell.strip("`") for cell in cells)
            assert meaning, key
            assert key not in found, f"{key} is documented twice"
            found[key] = (default, variable)
    wanted = {key: (default, PREFIX + key.upper().replace(".", "__")) for key, default, _ in describe()}
    assert found == wanted


@EVERY_DOC
def test_environment_variables_in_documents_are_settings(name: str) -> None:
    known = {PREFIX + path.upper().replace(".", "__") for path in PATHS} | {f"{PREFIX}CONFIG"}
    known |= {f"{PREFIX}TEST_POSTGRES_URL", f"{PREFIX}TEST_ALL"}
    used = {variable.removesuffix("_FILE") for variable in re.findall(r"WANZI_[A-Z_]*[A-Z]", DOCS[name])}
    assert used - known - {variable.removesuffix("_FILE") for variable in known} == set()


@EVERY_DOC
def test_commands_in_documents_exist_with_their_options(name: str) -> None:
    known = commands()
    for command, options in mentioned(DOCS[name]):
        assert command in known, f"wanzi {command}"
        offered = {option for parameter in known[command].params for option in parameter.opts}
        assert set(options) - {"--help"} <= offered, f"wanzi {command}"


def test_every_command_is_told_in_the_readme_or_the_operations() -> None:
    told = {command for name in ("README.md", "docs/operations.md") for command, _ in mentioned(DOCS[name])}
    assert set(commands()) - told == set()


@EVERY_DOC
def test_make_targets_in_documents_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = [run.split() for run in re.findall(r"\bmake((?: [a-z]+)+)", code_of(DOCS[name]))]
    assert {target for run in used for target in run} - targets == set()


@EVERY_DOC
def test_files_in_documents_exist(name: str) -> None:
    text = DOCS[name]
    code = code_of(text)
    paths = {found.rstrip(".") for found in FILE.findall(code)} | set(ROOT_FILE.findall(text))
    assert [path for path in sorted(paths) if not any(ROOT.glob(path))] == []


@EVERY_DOC
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", DOCS[name])
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_images_are_small_and_used() -> None:
    images = sorted((ROOT / "docs" / "images").glob("*"))
    assert images
    for image in images:
        assert image.stat().st_size <= LARGEST_IMAGE, image.name
        assert any(f"images/{image.name}" in text for text in DOCS.values()), image.name


def test_both_readmes_name_the_same_commands_variables_errcodes_and_pages() -> None:
    def found(pattern: str, text: str) -> set[str]:
        return set(re.findall(pattern, code_of(text) if " " in pattern else text))

    english, chinese = DOCS["README.md"], DOCS["README.zh-CN.md"]
    for pattern in (r"WANZI_[A-Z_]+", r"make [a-z]+", r"wanzi(?: [a-z]+)+", r"\b\d{5}\b", r"docs/[\w.-]+\.md"):
        assert found(pattern, english) == found(pattern, chinese), pattern


def test_every_metric_is_explained_with_its_labels() -> None:
    kept = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    wanted = {f"{m._name}_total" if m._type == "counter" else m._name: set(m._labelnames) for m in kept}
    wanted |= {"wanzi_depth": {"box"}, "wanzi_oldest_seconds": {"box"}}  # read from the database when asked
    told = {
        row[0].strip("`"): {label.strip() for label in row[1].split(",") if label.strip()}
        for row in rows(DOCS["docs/operations.md"])
        if row[0].startswith("`wanzi_")
    }
    assert told == wanted


def test_the_sandboxes_control_api_is_documented_whole() -> None:
    routes = create_app(world.sample_world()).url_map.iter_rules()
    served = {
        f"{method} {route.rule}"
        for route in routes
        if route.rule.startswith("/control/")
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {name for name in named(DOCS["docs/sandbox.md"]) if "/control/" in name}
    assert told == served


def test_faults_rules_and_world_keys_of_the_sandbox_are_documented() -> None:
    told = named(DOCS["docs/sandbox.md"])
    assert faults.KINDS - told == set()
    assert set(vars(Rules())) - told == set()
    assert world.KEYS - told == set()


@pytest.mark.parametrize(
    ("model", "at"),
    [
        (brand.Store, "stores[]."),
        (brand.StaffMember, "staff[]."),
        (brand.BusinessHours, "business_hours."),
        (brand.Duty, ""),
        (brand.Post, "posts[]."),
        (brand.LiveCode, "live_codes[]."),
        (Persona, ""),
    ],
)
def test_every_key_of_a_brand_file_is_documented(model: type[BaseModel], at: str) -> None:
    wanted = {f"{at}{field}" for field in model.model_fields} - {"version"}  # a persona's version is its digest
    assert wanted - named(DOCS["docs/brand-files.md"]) == set()


def test_every_key_of_tags_and_knowledge_is_documented() -> None:
    told = named(DOCS["docs/brand-files.md"])
    assert {field.name for field in fields(Entry)} - told == set()
    spelt = {"dimension": "dim"}
    assert {f"tags[].{spelt.get(field.name, field.name)}" for field in fields(TagRule)} - told == set()


def test_every_phrase_of_a_persona_is_documented_and_no_other() -> None:
    phrases = DOCS["docs/brand-files.md"].partition("| phrase | when |")[2]
    assert named(phrases) == PHRASES

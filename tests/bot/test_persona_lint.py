"""`wanzi persona lint`: clean for the sample brands, a line for each fault and exit 1 for one that is not."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli

BRANDS = Path(__file__).parents[2] / "brands"
PERSONAS = {"fuyu": "xiaowanzi"}


def lint(folder: Path, persona: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(cli, ["persona", "lint", "--brand", str(folder), "--persona", persona])
    return result.exit_code, result.output.splitlines()


@pytest.mark.parametrize("name", sorted(path.name for path in BRANDS.iterdir() if path.is_dir()))
def test_the_sample_brands_have_nothing_wrong(name: str) -> None:
    own = sorted((BRANDS / name / "personas").glob("*.yaml"))

    assert lint(BRANDS / name, own[0].stem if own else PERSONAS[name]) == (0, ["0 errors, 0 warnings"])


def test_faults_of_knowledge_posts_and_welcomes_are_told_with_their_lines(tmp_path: Path) -> None:
    folder = tmp_path / "brand"
    shutil.copytree(BRANDS / "fuyu", folder)
    for name, old, new in (
        ("knowledge.jsonl", "付款后48小时内从广州仓发出", "比兰蔻发得快，付款后48小时内发出"),
        ("posts.yaml", "title: 周一福利：15元券", "title: 全网最低价"),
        ("live_codes.yaml", 'welcome: ""', "welcome: 能治疗敏感"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    code, lines = lint(folder, "xiaowanzi")

    assert code == 1
    assert lines[0] == f"{folder}/knowledge.jsonl:1: error: K001 answer: brand: 兰蔻"
    assert lines[1].startswith(f"{folder}/posts.yaml:16: error: title: absolute: 全网最低价")
    assert lines[2].startswith(f"{folder}/live_codes.yaml:9: error: welcome: medical: 治疗")
    assert lines[-1] == "3 errors, 0 warnings"


def test_a_persona_that_does_not_load_is_one_fault(tmp_path: Path) -> None:
    folder = tmp_path / "brand"
    shutil.copytree(BRANDS / "fuyu", folder)
    (folder / "personas").mkdir()
    (folder / "personas" / "mine.yaml").write_text("name: 小甲\nbrand: 甲\nmood: 好\n", encoding="utf-8")

    code, lines = lint(folder, "mine")

    assert (code, len(lines)) == (1, 2)
    assert "mine.yaml:" in lines[0]

"""docs/new-brand.md, pasted block by block into an empty folder, makes a brand that loads, lints, tags and answers."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.demo import world_of
from bot.persona_lint import lint_brand
from bot.sandbox.world import build_world
from handlers.brand import Brand, load_brand
from tests.databases import new_database
from tests.story import KF, Story

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-brand.md").read_text(encoding="utf-8")
STEPS = PAGE.partition("## 2. ")[2].partition("## 8. ")[0]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder after steps 2 to 7, and the lines that the commands printed."""
    here = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(ROOT / "brands" / "shanque", here / "brands" / "shanque")
    (here / "my-brand" / "personas").mkdir(parents=True)
    script = "set -e\n" + "".join(BLOCK.findall(STEPS)).replace(".venv/bin/wanzi", f"{sys.executable} -m bot")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(["bash", "-c", script], cwd=here, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return here / "my-brand", [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def florist(pasted: tuple[Path, list[dict[str, Any]]]) -> Brand:
    return load_brand(pasted[0], "xiaozhi", "Asia/Shanghai")


@pytest.fixture
def shop(tmp_path: Path, florist: Brand) -> Iterator[Story]:
    staff = [{"userid": member.userid, "name": member.name} for member in florist.staff.values()]
    account = {"open_kfid": KF, "name": "一枝花店客服", "servicers": [{"userid": "afang", "status": 0}]}
    with new_database("sqlite", tmp_path) as url:
        told = Story(tmp_path, url, florist, {"staff": staff, "kf_accounts": [account], "contact_ways": []})
        yield told
        told.close()


def test_the_folder_is_a_brand_without_faults_and_the_demo_builds_its_world(
    pasted: tuple[Path, list[dict[str, Any]]], florist: Brand
) -> None:
    folder, _ = pasted
    keys = dict.fromkeys(("secret", "token", "api"), "x") | {"key": "A" * 43}

    assert florist.persona.name == "小枝"
    assert [found for found in lint_brand(folder, "xiaozhi", date(2027, 1, 4)) if found.level == "error"] == []
    assert set(build_world(world_of(folder, keys, "http://127.0.0.1:8000")).groups) == {"wrYizhiHubin01"}


def test_the_commands_print_what_the_page_says_they_do(pasted: tuple[Path, list[dict[str, Any]]]) -> None:
    tagged = [line for line in pasted[1] if "third_party" in line]
    asked = [line for line in pasted[1] if "ranked" in line]

    assert {"新客", "玫瑰"} <= set(tagged[0]["tags"])
    assert tagged[1]["tags"] == ["养猫"]
    assert tagged[2]["tags"] == []
    assert [trait["tag"] for trait in tagged[2]["third_party"]] == ["花粉过敏"]
    assert [line["ranked"][0] for line in asked[:2]] == ["F03", "F02"]
    assert not asked[2]["answer"]


def test_it_answers_with_the_variant_for_the_customers_tag(shop: Story) -> None:
    shop.customer_says("wm1", "我家里有猫")
    shop.customer_says("wm1", "有什么花适合放家里？")

    assert shop.brand.knowledge.entries["F05"].variants["养猫"] in shop.answers("wm1")[-1]

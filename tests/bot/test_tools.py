"""The JSON Lines tools, as a program beside Wanzi calls them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
BRAND = ROOT / "brands" / "fuyu"


def run(*arguments: str, lines: list[dict[str, Any]] | str) -> subprocess.CompletedProcess[str]:
    text = lines if isinstance(lines, str) else "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines)
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments], input=text, capture_output=True, text=True, cwd=ROOT, timeout=60
    )


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_tag_says_whose_trait_it_is_and_which_words_said_so() -> None:
    rows = [
        {"id": "1", "text": "我是敏感肌"},
        {"id": "2", "text": "我不是敏感肌"},
        {"id": "3", "text": "我妈是油皮"},
        {"id": "4", "text": "客厅的油画"},
    ]

    first, second, third, fourth = answers(run("tag", "--catalogue", str(BRAND / "catalogue.yaml"), lines=rows))

    assert (first["id"], first["tags"], first["evidence"][0]["span"]) == ("1", ["敏感肌"], "敏感肌")
    assert second["tags"] == []
    assert (third["tags"], third["third_party"]) == ([], [{"relation": "妈妈", "tag": "油皮"}])
    assert fourth["tags"] == []


def test_ask_ranks_entries_and_refuses_what_it_does_not_know() -> None:
    rows = [{"id": "1", "text": "几天能到"}, {"id": "2", "text": "护照过期了去哪里换"}]

    known, unknown = answers(run("ask", "--knowledge", str(BRAND / "knowledge.jsonl"), lines=rows))

    assert known["answer"] is True
    assert known["ranked"][0].startswith("K")
    assert known["reply"]
    assert (unknown["answer"], unknown["reply"]) == (False, "")


def test_handoff_hears_a_wish_and_not_a_trap() -> None:
    rows = [
        {"id": "1", "turns": [{"role": "user", "text": "转人工"}]},
        {"id": "2", "turns": [{"role": "user", "text": "人工智能是什么"}]},
        {
            "id": "3",
            "turns": [
                *[{"role": "user", "text": "积分在哪看"}, {"role": "bot", "text": "没懂"}] * 2,
                {"role": "user", "text": "积分，在哪看"},
            ],
        },
    ]

    found = answers(run("handoff", lines=rows))

    assert [(row["handoff"], row["reason"]) for row in found] == [
        (True, "ask_human"),
        (False, "none"),
        (True, "repeated_nonanswer"),
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [("not json\n", "line 1"), ('{"id": "1"}\n', "'text'"), ('{"id": "1", "text": "x"}\n[]\n', "line 2")],
)
def test_a_bad_line_is_named(lines: str, said: str) -> None:
    done = run("tag", "--catalogue", str(BRAND / "catalogue.yaml"), lines=lines)

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_catalogue_is_one_clear_line() -> None:
    done = run("tag", "--catalogue", "nowhere.yaml", lines=[])

    assert done.returncode != 0
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr

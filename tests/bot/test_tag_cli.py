"""`wanzi tags` and `wanzi keywords`, as an operator types them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.bootstrap import upgrade_database
from handlers.brand import load_brand
from storage import conversations, messages, tags
from storage.conversations import KF
from storage.database import Database
from storage.messages import Message
from storage.tags import Gain

ROOT = Path(__file__).parent.parent.parent


class Desk:
    """A brand folder, a database, and the program."""

    def __init__(self, folder: Path) -> None:
        self.brand = folder / "brand"
        shutil.copytree(ROOT / "brands" / "fuyu", self.brand)
        self.url = f"sqlite:///{folder}/wanzi.db"
        upgrade_database(self.url)
        self.database = Database(self.url)

    def run(self, *arguments: str, stdin: str = "") -> str:
        done = self.try_(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        settings = {"WANZI_DATABASE_URL": self.url, "WANZI_BRAND_DIR": str(self.brand)}
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
            env={**os.environ, **settings},
        )

    def known(self) -> list[tuple[str, str, str]]:
        """Everything that ever happened to a tag."""
        with self.database.read() as db:
            return [(c.external_userid, c.tag, c.change) for c in db.query(tags.TagChange).order_by(tags.TagChange.id)]

    def says(self, who: str, text: str, *given: str) -> None:
        now = datetime.now(UTC)
        with self.database.write() as db:
            chat = conversations.open_(db, KF, "wk1", who, now)
            chat.last_message_at = now
            said = messages.add(
                db,
                Message(
                    conversation_id=chat.id,
                    author="customer",
                    author_id=who,
                    msgtype="text",
                    text=text,
                    sent_at=now,
                    recorded_at=now,
                ),
            )
            db.flush()
            for tag in given:
                evidence = {"rule": f"keyword:{tag}", "version": "0", "span": tag, "message_id": said.id}
                tags.gain(db, who, Gain(tag, "attribute", "keyword", evidence), now)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.says("wmOne", "我是敏感肌", "敏感肌")
    desk.says("wmOne", "我怀孕了", "孕期")
    desk.says("wmTwo", "我是油皮", "油皮", "干皮")
    yield desk
    desk.database.close()


def test_a_report_lists_faults_and_a_judged_sheet_gives_precision(desk: Desk, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jsonl"
    first = desk.run("tags", "report", "--sample", str(sheet))
    assert "conflicting\t干皮 + 油皮\tthey exclude each other\t1 customers\twmTwo" in first
    assert "stale\t干皮\tthe present rules do not give it any more\t1 customers\twmTwo" in first
    assert "rule\t敏感肌\tkeyword:敏感肌\t1 customers\t1 of 1 samples given again\tnot judged" in first

    assert "rule\t孕期 (sensitive)\tkeyword:孕期\t1 customers" in first

    lines = [json.loads(line) for line in sheet.read_text(encoding="utf-8").splitlines()]
    assert {line["tag"]: line["sensitive"] for line in lines} == {
        "敏感肌": False,
        "孕期": True,
        "油皮": False,
        "干皮": False,
    }
    judged = [{**line, "right": line["tag"] != "干皮"} for line in lines]
    said = desk.run("tags", "judge", "--by", "wangjie", stdin="\n".join(json.dumps(line) for line in judged))
    assert said == "4 judgments kept\n"

    rules = [line for line in desk.run("tags", "report").splitlines() if line.startswith("rule")]
    assert "precision 0.00 of 1 judged\tabout 1 customers wrong" in rules[0]
    assert "precision 1.00 of 1 judged\tabout 0 customers wrong" in rules[1]


def test_a_backtest_shows_hashed_customers_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.says("wmThree", "我是豌豆皮")
    changed = tmp_path / "changed.yaml"
    text = (desk.brand / "catalogue.yaml").read_text(encoding="utf-8")
    changed.write_text(text.replace("seeds: [油皮,", "seeds: [豌豆皮,"), encoding="utf-8")
    before = desk.known()
    row = next(
        found
        for found in map(json.loads, desk.run("tags", "backtest", "--catalogue", str(changed)).splitlines())
        if found["tag"] == "油皮"
    )
    whole = desk.run("tags", "backtest", "--catalogue", str(changed), "--ids", "--since", "1")

    assert (row["gain"], row["sensitive"]) == (1, False)
    assert row["gain_examples"] == [{"span": "豌豆皮", "text": "我是豌豆皮"}]
    assert "wmThree" not in json.dumps(row)
    assert "wmThree" in whole
    assert desk.known() == before


def test_suggestions_are_accepted_and_refused_and_an_accepted_word_gives_the_tag(desk: Desk) -> None:
    desk.says("wmThree", "我是民憨肌，皮肤赶敏")
    desk.says("wmFour", "我是敏感鸡肤")
    suggested = [line.split("\t")[0] for line in desk.run("keywords", "suggest", "--tag", "敏感肌").splitlines()]
    assert suggested

    desk.run("keywords", "suggest", "--tag", "敏感肌", "--refuse", suggested[0], "--accept", "豌豆公主脸")
    again = desk.run("keywords", "suggest", "--tag", "敏感肌")
    assert suggested[0] not in [line.split("\t")[0] for line in again.splitlines()]
    brand = load_brand(desk.brand, "xiaowanzi", "Asia/Shanghai")
    assert [finding.tag for finding in brand.read("我是豌豆公主脸").findings] == ["敏感肌"]


def test_suggestions_need_no_database_when_messages_are_given(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "wanzi.db").unlink()
    lines = tmp_path / "messages.jsonl"
    lines.write_text('{"text": "屏障受伤了"}\n', encoding="utf-8")

    said = desk.run("keywords", "suggest", "--tag", "敏感肌", "--messages", str(lines))
    assert said == "屏障受伤\tedit 屏障受损\t1\t0\t屏障受伤了\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        (["keywords", "suggest", "--tag", "没有的"], "", "gives no tag 没有的"),
        (["keywords", "suggest", "--tag", "油皮", "--accept", "大油、田"], "", "'大油、田' is no word"),
        (["tags", "judge"], "not json\n", "input line 1"),
        (["tags", "judge"], '{"right": 1}\n', "sheet line 1"),
        (["tags", "backtest", "--catalogue", "nowhere.yaml"], "", "nowhere.yaml"),
    ],
)
def test_what_is_wrong_is_one_clear_line(desk: Desk, arguments: list[str], stdin: str, named: str) -> None:
    done = desk.try_(*arguments, stdin=stdin)

    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr

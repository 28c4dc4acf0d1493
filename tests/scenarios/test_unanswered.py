"""What nobody could answer reaches the managers: by the status, the command line and the API."""

import json
from typing import Any

import pytest
import requests
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import cli
from storage.questions import Question, QuestionAsk
from tests.story import AGENTID, API_TOKEN, Story


def listed(story: Story) -> list[dict[str, Any]]:
    answer = requests.get(f"{story.url}/api/questions", headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=5)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()
    return found


def reasons(story: Story) -> list[str]:
    with story.database.read() as db:
        return list(db.scalars(select(QuestionAsk.why).order_by(QuestionAsk.message_id)))


def test_what_the_bot_is_unsure_of_is_listed_with_its_nearest_entries(story: Story) -> None:
    story.customer_says("wm1", "量子力学怎么学")
    story.customer_says("wm2", "请问量子力学怎么学呀？")

    (question,) = listed(story)
    assert question["text"] == "量子力学怎么学"
    assert (question["times"], question["customers"], question["state"]) == (2, 2, "open")
    assert question["examples"] == ["量子力学怎么学", "请问量子力学怎么学呀？"]
    assert all({"id", "title", "score"} == set(candidate) for candidate in question["candidates"])


def test_a_question_that_fetched_a_person_is_listed_too(story: Story) -> None:
    story.go_to("10:00")
    story.customer_says("wm1", "量子力学怎么学")
    story.customer_says("wm1", "那相对论呢")

    assert story.handoffs()[0].reason == "repeated_nonanswer"
    assert reasons(story) == ["unsure", "repeated_nonanswer"]


def _menu(story: Story, who: str) -> None:
    """A question that is answered by a menu."""
    for text in ("会员", "优惠", "退货时间", "门店", "快递", "活动"):
        story.customer_says(who, text)
        if story.conversation(who).menu:
            return
    raise AssertionError("no menu came")


@pytest.mark.parametrize(("then", "noted"), [("1", []), ("谢谢", ["menu"]), ("转人工", ["menu"])])
def test_a_menu_is_an_answer_only_when_something_is_chosen_from_it(story: Story, then: str, noted: list[str]) -> None:
    story.go_to("10:00")
    _menu(story, "wm1")
    story.customer_says("wm1", then)
    story.customer_says("wm1", "谢谢")

    assert reasons(story) == noted


def test_answers_wishes_and_staff_are_no_unanswered_questions(story: Story) -> None:
    story.go_to("10:00")
    for text in ("包邮吗", "你好", "😊", "转人工", "量子力学"):  # the last one is a person's to answer
        story.customer_says("wm1", text)
    story.act("staff/app", userid="xiaoli", agentid=AGENTID, text="量子力学怎么学")
    story.settle()

    assert listed(story) == []


def test_personal_data_is_not_listed(story: Story) -> None:
    story.customer_says("wm1", "量子力学怎么学13812345678")

    (question,) = listed(story)
    assert "13812345678" not in json.dumps(question)
    with story.database.read() as db:
        assert not any("13812345678" in known.key for known in db.scalars(select(Question)))


def test_the_status_shows_the_three_most_frequent_ones(story: Story) -> None:
    for number, text in enumerate(
        ["量子力学怎么学", "量子力学怎么学", "火星上有水吗", "鲸鱼会打哈欠吗", "恐龙为什么灭绝"]
    ):
        story.customer_says(f"wm{number}", text)
    story.act("staff/app", userid="wangjie", agentid=AGENTID, text="状态")
    story.settle()

    told = story.rows("message/send")[-1].body["text"]["content"]
    assert "没答上的" in told
    assert "1. 量子力学怎么学（2次）" in told
    assert "3. " in told
    assert "4. " not in told


def test_a_crisis_is_no_unanswered_question_and_what_follows_it_is(story: Story) -> None:
    story.go_to("23:00")
    story.act("staff/servicer", userid="aqiang", open_kfid="wkStory", status=1)
    story.settle()
    story.customer_says("wm1", "我不想活了")
    assert listed(story) == []
    story.customer_says("wm1", "量子力学怎么学")

    assert len(listed(story)) == 1
    assert story.answers("wm1")[-1] in story.says("after_crisis")


@pytest.mark.parametrize("query", ["n=0", "n=x", "days=-1", "n=100000", "days=²"])
def test_a_wrong_number_is_refused(story: Story, query: str) -> None:
    url, allowed = f"{story.url}/api/questions", {"Authorization": f"Bearer {API_TOKEN}"}

    assert requests.get(f"{url}?{query}", headers=allowed, timeout=5).status_code == 400
    assert requests.get(url, timeout=5).status_code == 401


def test_the_command_line_lists_and_settles(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANZI_DATABASE_URL", story.settings.database_url)
    monkeypatch.setenv("WANZI_CLOCK_FILE", str(story.clock_file))
    story.customer_says("wm1", "量子力学怎么学")
    story.customer_says("wm2", "鲸鱼会打哈欠吗")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["questions", *words])
        return done.exit_code, done.output

    first, second = run("list")[1].splitlines()
    numbers = {line.split("\t")[3]: line.split("\t")[0] for line in (first, second)}
    assert set(numbers) == {"量子力学怎么学", "鲸鱼会打哈欠吗"}
    assert run("dismiss", numbers["量子力学怎么学"], "--by", "王姐")[0] == 0
    assert run("answered", numbers["鲸鱼会打哈欠吗"], "99")[0] == 1
    assert run("list") == (0, "")
    assert "鲸鱼" in run("list", "--state", "answered")[1]
    story.customer_says("wm3", "鲸鱼会打哈欠么")
    assert "鲸鱼" in run("list")[1]

"""The report on tags: planted faults are found, rules are sampled, a person's judgment counts."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.tags.faults import Ages, Fault, find_faults
from handlers.tags.precision import RuleFigures, look_again, verdicts
from keywords.catalogue import Catalogue, TagRule
from keywords.tagger import Tagger
from storage import conversations, judgments, messages, tags
from storage.conversations import KF
from storage.database import Database
from storage.messages import Message
from storage.tags import Gain

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULES = (
    TagRule("敏感肌", "attribute", ("敏感肌", "敏皮")),
    TagRule("油皮", "attribute", ("油皮",), excludes=("干皮",)),
    TagRule("干皮", "attribute", ("干皮",)),
    TagRule("口红", "preference", ("口红", "唇釉", "唇膏")),
    TagRule("唇妆", "preference", ("唇膏", "唇釉", "口红")),
    TagRule("面膜", "preference", ("面膜",)),
    TagRule("补水", "preference", ("补水",)),
    TagRule("孔雀", "preference", ("孔雀",)),
)
TAGGER = Tagger(Catalogue("2", RULES))


class Shop:
    """Customers who said things, and the tags these gave them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ids: dict[tuple[str, str], int] = {}

    def says(self, who: str, text: str, given: str, at: datetime = NOW, version: str = TAGGER.version) -> None:
        with self.database.write() as db:
            chat = conversations.open_(db, KF, "wk1", who, at)
            said = messages.add(
                db,
                Message(
                    conversation_id=chat.id,
                    author=messages.CUSTOMER,
                    author_id=who,
                    msgtype="text",
                    text=text,
                    sent_at=at,
                    recorded_at=at,
                ),
            )
            db.flush()
            self.ids[who, given] = said.id
            evidence = {"rule": f"keyword:{given}", "version": version, "span": given, "message_id": said.id}
            tags.gain(db, who, Gain(given, "preference", "keyword", evidence), at)

    def faults(self) -> set[tuple[str, tuple[str, ...]]]:
        return {(fault.kind, fault.tags) for fault in self.found()}

    def found(self) -> list[Fault]:
        with self.database.read() as db:
            return [*find_faults(db, TAGGER.catalogue, Ages(), NOW), *look_again(db, TAGGER, 5)[1]]

    def rules(self, most: int = 5, seed: int = 0) -> dict[str, RuleFigures]:
        with self.database.read() as db:
            return {figures.tag: figures for figures in look_again(db, TAGGER, most, seed)[0]}


@pytest.fixture
def shop(database: Database) -> Shop:
    """Every tag in use, with nothing wrong but that two tags have the same words, and 孔雀 has no customers."""
    shop = Shop(database)
    for number, rule in enumerate(RULES[:-1]):
        shop.says(f"wm{number}", f"想要{rule.seeds[0]}", rule.name)
    return shop


PLANTED = {("duplicate", ("口红", "唇妆")), ("unused", ("孔雀",))}


def test_all_five_planted_faults_are_listed_and_nothing_else(shop: Shop) -> None:
    for number in range(6):  # overlapping: six of seven
        shop.says(f"wx{number}", "面膜", "面膜")
        shop.says(f"wx{number}", "补水", "补水")
    shop.says("wy1", "我是油皮", "油皮")  # conflicting
    shop.says("wy1", "我是干皮", "干皮")
    shop.says("wz1", "我是敏皮", "敏感肌", at=NOW - timedelta(days=181))  # stale

    assert shop.faults() == PLANTED | {
        ("overlapping", ("补水", "面膜")),
        ("conflicting", ("干皮", "油皮")),
        ("stale", ("敏感肌",)),
    }


def test_a_brand_without_further_faults_has_no_further_lines(shop: Shop) -> None:
    assert shop.faults() == PLANTED


def test_the_same_customers_in_two_tags_are_a_duplicate(shop: Shop) -> None:
    for number in range(40):
        shop.says(f"wx{number}", "面膜", "面膜")
        shop.says(f"wx{number}", "补水", "补水")

    assert shop.faults() - PLANTED == {("duplicate", ("补水", "面膜"))}


def test_a_tag_is_used_while_anybody_got_it_within_the_days(shop: Shop) -> None:
    shop.says("wm9", "孔雀", "孔雀", at=NOW - timedelta(days=90))
    assert ("unused", ("孔雀",)) not in shop.faults()
    with shop.database.read() as db:
        found = find_faults(db, TAGGER.catalogue, Ages(unused_days=89), NOW)
    assert ("unused", ("孔雀",)) in {(fault.kind, fault.tags) for fault in found}


def test_a_tag_that_older_rules_gave_and_the_present_do_not_is_stale(shop: Shop) -> None:
    shop.says("wm8", "油画真好看", "油皮", version="1-old")
    shop.says("wm9", "我是油皮", "油皮", version="1-old")

    stale = [fault for fault in shop.found() if fault.kind == "stale"]
    assert [(fault.tags, fault.customers, fault.examples) for fault in stale] == [(("油皮",), 1, ("wm8",))]


def test_a_tag_that_left_the_catalogue_is_stale(shop: Shop) -> None:
    shop.says("wm8", "想要香水", "香水", version=TAGGER.version)

    assert ("stale", ("香水",)) in shop.faults()


def test_ended_tags_are_no_faults(shop: Shop) -> None:
    shop.says("wy1", "我是油皮", "油皮")
    shop.says("wy1", "我是干皮", "干皮")
    with shop.database.write() as db:
        tags.end(db, "wy1", "油皮", tags.WITHDRAWN, {}, NOW)

    assert shop.faults() == PLANTED


def test_each_rule_is_sampled_evenly_and_read_again(shop: Shop) -> None:
    for number in range(30):
        shop.says(f"wa{number}", "我是油皮" if number % 2 else "油画", "油皮")

    figures = shop.rules(most=10)["油皮"]
    assert (figures.holders, len(figures.sample)) == (31, 10)
    assert figures.agreed == sum("油皮" in one.text for one in figures.sample)
    assert 0 < figures.agreed < 10
    drawn = {one.message_id for seed in range(40) for one in shop.rules(most=10, seed=seed)["油皮"].sample}
    assert len(drawn) == 31
    assert [one.message_id for one in shop.rules(most=10)["油皮"].sample] == [o.message_id for o in figures.sample]


def test_a_sheet_shows_no_personal_data(shop: Shop) -> None:
    shop.says("wm9", "我是油皮，电话13812345678", "油皮")

    line = next(one.line() for one in shop.rules()["油皮"].sample if "电话" in one.text)
    assert "13812345678" not in str(line)
    assert "wm9" not in str(line)
    assert line["right"] is None


def test_judgments_give_precision_and_what_mistakes_cost_and_the_last_one_counts(shop: Shop) -> None:
    for number in range(9):
        shop.says(f"wa{number}", "我是油皮", "油皮")
    sheet = [one.line() for one in shop.rules(most=4)["油皮"].sample]
    for line, right in zip(sheet, (True, True, False, None), strict=True):
        line["right"] = right
    for judged in (sheet, [{**sheet[0], "right": False}], [sheet[0]]):
        with shop.database.write() as db:
            for verdict in verdicts(judged):
                judgments.keep(db, verdict, "wangjie", NOW)

    figures = shop.rules()["油皮"]
    assert (figures.judged, figures.right) == (3, 2)
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.wrong == pytest.approx(10 / 3)
    assert shop.rules()["干皮"].precision is None


@pytest.mark.parametrize("line", [{"right": "yes", "message_id": 1}, {"right": True}])
def test_a_sheet_line_that_is_none_is_named(line: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="sheet line 2"):
        list(verdicts([{"right": None}, line]))

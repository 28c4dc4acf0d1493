"""How tags follow each other, whatever the catalogue and whatever is said."""

from hypothesis import given
from hypothesis import strategies as st

from keywords.catalogue import Catalogue, TagRule
from keywords.flow import REPLACED, WITHDRAWN, follow

NAMES = ("新客", "老客", "铁粉", "油皮", "干皮", "快用完", "复购")
CATALOGUE = Catalogue(
    version="1",
    tags=(
        TagRule("新客", "user", ("新客",)),
        TagRule("老客", "user", ("老客",), after=("新客",)),
        TagRule("铁粉", "user", ("铁粉",), after=("老客",)),
        TagRule("油皮", "attribute", ("油皮",), excludes=("干皮",)),
        TagRule("干皮", "attribute", ("干皮",)),
        TagRule("快用完", "product", ("快用完",)),
        TagRule("复购", "product", ("复购",), replaces=("快用完",)),
    ),
)
names = st.lists(st.sampled_from(NAMES), unique=True)


def test_a_skipped_state_is_left_behind_too() -> None:
    assert follow(CATALOGUE, {"新客"}, ["铁粉"]).ended == {"新客": (REPLACED, "铁粉")}
    assert follow(CATALOGUE, {"铁粉"}, ["新客", "老客"]).gained == ()


def test_a_replaced_tag_may_come_back() -> None:
    assert follow(CATALOGUE, {"快用完"}, ["复购"]).ended == {"快用完": (REPLACED, "复购")}
    assert follow(CATALOGUE, {"复购"}, ["快用完"]).gained == ("快用完",)


def test_contraries_withdraw_each_other_in_both_directions() -> None:
    assert follow(CATALOGUE, {"油皮"}, ["干皮"]).ended == {"油皮": (WITHDRAWN, "干皮")}
    assert follow(CATALOGUE, {"干皮"}, ["油皮"]).ended == {"干皮": (WITHDRAWN, "油皮")}


def test_who_takes_the_later_state_back_may_have_the_earlier_one_again() -> None:
    flow = follow(CATALOGUE, {"老客"}, ["新客"], {"老客"})
    assert (flow.gained, flow.ended) == (("新客",), {"老客": (WITHDRAWN, "老客")})


def test_tags_of_one_message_do_not_end_each_other_but_of_a_path_the_last_state_counts() -> None:
    assert follow(CATALOGUE, {"油皮"}, ["油皮", "干皮", "快用完", "复购"]).ended == {}
    assert follow(CATALOGUE, (), ["铁粉", "新客", "老客"]).gained == ("铁粉",)


@given(held=names, said=names, taken_back=names)
def test_only_what_is_held_ends_and_nothing_said_is_both_gained_and_taken_back(
    held: list[str], said: list[str], taken_back: list[str]
) -> None:
    flow = follow(CATALOGUE, held, said, taken_back)

    assert set(flow.ended) <= set(held)
    assert set(flow.gained) <= set(said) - set(taken_back)
    assert set(taken_back) & set(held) <= set(flow.ended)


@given(said=names)
def test_saying_the_same_again_changes_nothing(said: list[str]) -> None:
    def then(held: set[str]) -> set[str]:
        flow = follow(CATALOGUE, held, said)
        return (held | set(flow.gained)) - set(flow.ended)

    once = then(set())
    assert then(once) == once

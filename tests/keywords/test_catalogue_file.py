"""The catalogue file: what is wrong is named by file, tag and field."""

from pathlib import Path

import pytest

from keywords.catalogue import Catalogue, CatalogueError, load_catalogue

GOOD = "version: 3\ntags:\n  - {name: 油皮, dim: attribute, seeds: [油皮, 88]}\n"


def load(folder: Path, text: str) -> Catalogue:
    path = folder / "catalogue.yaml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)


def test_a_good_file_is_read_with_a_version_that_follows_its_content(tmp_path: Path) -> None:
    first = load(tmp_path, GOOD)
    second = load(tmp_path, GOOD.replace("油皮, 88", "油皮, 89"))

    assert first.tags[0].seeds == ("油皮", "88")
    assert first.version.startswith("3-")
    assert first.version != second.version
    assert first.dimension_of("油皮") == "attribute"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("tags: [", "YAML"),
        ("[]", "'tags'"),
        ("tags: 3", "'tags'"),
        ("tags: [油皮]", "tag 1"),
        ("tags:\n  - {dim: attribute, seeds: []}", "'name'"),
        (f"tags:\n  - {{name: {'长' * 31}, dim: attribute, seeds: []}}", "'name'"),
        ("tags:\n  - {name: 油皮, dim: skin, seeds: []}", "'dim'"),
        ("tags:\n  - {name: 油皮, dim: attribute, seeds: 油皮}", "'seeds'"),
        ("tags:\n  - {name: 油皮, dim: attribute, seeds: ['']}", "'seeds'"),
        (GOOD + "  - {name: 油皮, dim: attribute, seeds: []}", "tag 2: 'name' 油皮 stands twice"),
        (GOOD + "colour: red", "unknown key 'colour'; allowed: version, dimensions, sensitive, tags"),
        (GOOD + "sensitive: maybe", "'sensitive' must be on or off"),
        (
            GOOD + "  - {name: 干皮, dim: attribute, seeds: [], colour: red}",
            "tag 2 (干皮): unknown key 'colour'; allowed: name,",
        ),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], expires_days: 0}", "'expires_days'"),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], expires_days: soon}", "'expires_days'"),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], variants: 干}", "'variants' must be a list"),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], off: 1}", "'off' must be on or off"),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], excludes: [水皮]}", "'excludes' 水皮 is no other tag"),
        (GOOD + "  - {name: 干皮, dim: attribute, seeds: [], replaces: [干皮]}", "'replaces' 干皮 is no other tag"),
        (
            GOOD.replace("88]", "88], after: [干皮]") + "  - {name: 干皮, dim: attribute, seeds: [], after: [油皮]}",
            "leads back",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(CatalogueError) as error:
        load(tmp_path, text)

    assert named in str(error.value)
    assert "catalogue.yaml" in str(error.value)


FULL = """
sensitive: off
tags:
  - {name: 新客, dim: user, seeds: [新客]}
  - {name: 老客, dim: user, seeds: [老客], variants: [老粉, 老客], after: [新客], rule: 买过两次}
  - {name: 铁粉, dim: user, seeds: [铁粉], after: [老客]}
  - {name: 孕期, dim: attribute, seeds: [怀孕], sensitive: true, expires_days: 300, excludes: [铁粉]}
  - {name: 旧标签, dim: value, seeds: [旧], off: true}
"""


def test_tags_that_rest_are_known_and_not_given(tmp_path: Path) -> None:
    off = load(tmp_path, FULL)
    on = load(tmp_path, FULL.replace("sensitive: off", "sensitive: on"))

    assert [rule.name for rule in off.tags] == ["新客", "老客", "铁粉"]
    assert [rule.name for rule in on.tags] == ["新客", "老客", "铁粉", "孕期"]
    assert off.dimension_of("孕期") == "attribute"
    assert off.find("孕期").expires_days == 300
    assert off.find("老客").words == ("老客", "老粉")


def test_flows_are_read_from_both_ends(tmp_path: Path) -> None:
    catalogue = load(tmp_path, FULL)

    assert catalogue.earlier("铁粉") == {"老客", "新客"}
    assert catalogue.contrary_to("铁粉") == {"孕期"}
    assert catalogue.contrary_to("孕期") == {"铁粉"}
    assert catalogue.contrary_to("渠道:门店") == frozenset()


def test_a_sensitive_tag_is_admitted_from_the_documented_confidence_on(tmp_path: Path) -> None:
    catalogue = load(tmp_path, FULL)

    assert [catalogue.admits("孕期", confidence) for confidence in (0.84, 0.85)] == [False, True]
    assert catalogue.admits("新客", 0.1)

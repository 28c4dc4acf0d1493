"""The catalogue file: what is wrong is named by file, tag and field."""

from pathlib import Path

import pytest

from keywords.catalogue import CatalogueError, load_catalogue

GOOD = "version: 3\ntags:\n  - {name: 油皮, dim: attribute, seeds: [油皮, 88]}\n"


def load(folder: Path, text: str) -> object:
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
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(CatalogueError) as error:
        load(tmp_path, text)

    assert named in str(error.value)
    assert "catalogue.yaml" in str(error.value)

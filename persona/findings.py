"""What lint finds, and where: a line of a file, how grave it is, what is wrong; and the texts of YAML files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One thing that is wrong. Shown as file:line: level: message."""

    path: str
    line: int
    level: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.level}: {self.message}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a YAML file: its keys from the outside in, list places as numbers, and the line it begins at."""

    keys: tuple[str, ...]
    value: str
    line: int


def texts_of(path: Path) -> Iterator[Text]:
    """Every text of a YAML file, in order."""
    yield from _texts(_tree(path), ())


def _texts(node: yaml.Node | None, keys: tuple[str, ...]) -> Iterator[Text]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _texts(value, (*keys, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _texts(value, (*keys, str(place)))
    elif isinstance(node, yaml.ScalarNode):
        yield Text(keys, str(node.value), node.start_mark.line + 1)


def keys_twice(path: Path) -> Iterator[Finding]:
    """Keys that stand twice in one place: YAML would keep the last and forget the first without a word."""
    waiting: list[yaml.Node | None] = [_tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    yield Finding(str(path), line, ERROR, f"'{key.value}' stands in line {seen[key.value]} already")
                seen[key.value] = line
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)


def _tree(path: Path) -> yaml.Node | None:
    tree: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return tree

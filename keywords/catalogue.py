"""The brand's tag catalogue: tags, their dimension, the words that stand for them. Read from YAML, checked, frozen."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: The six dimensions of a tag (product rule A-32) and what managers call them.
DIMENSIONS = {
    "attribute": "属性",
    "product": "产品生命周期",
    "user": "用户生命周期",
    "preference": "偏好",
    "value": "价值",
    "channel": "渠道",
}


class CatalogueError(ValueError):
    """The catalogue file is not one; the message names file, tag and what is allowed."""


@dataclass(frozen=True)
class TagRule:
    """One tag: its dimension and the words that an operator typed for it."""

    name: str
    dimension: str
    seeds: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All tags of a brand. `version` is the operator's number and a digest of the content: it names what ran."""

    version: str
    tags: tuple[TagRule, ...]

    def dimension_of(self, tag: str) -> str:
        """The dimension of a tag; channel for tags that are not in the catalogue (they come from live codes)."""
        return next((rule.dimension for rule in self.tags if rule.name == tag), "channel")


def load_catalogue(path: Path) -> Catalogue:
    """Read a catalogue file. Raises CatalogueError naming what is wrong and what is allowed."""
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise CatalogueError(f"{path}: not readable as YAML: {exc}") from exc
    if not isinstance(data, dict) or not isinstance(data.get("tags"), list):
        raise CatalogueError(f"{path}: 'tags' must be a list of {{name, dim, seeds}}")
    seen: set[str] = set()
    rules = tuple(_rule(path, position, item, seen) for position, item in enumerate(data["tags"], 1))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Catalogue(version=f"{data.get('version', 0)}-{digest}", tags=rules)


def _rule(path: Path, position: int, item: Any, seen: set[str]) -> TagRule:
    where = f"{path}: tag {position}"
    if not isinstance(item, dict):
        raise CatalogueError(f"{where}: must be {{name, dim, seeds}}")
    name, dimension, seeds = item.get("name"), item.get("dim"), item.get("seeds")
    if not isinstance(name, str) or not 0 < len(name) <= 30:
        raise CatalogueError(f"{where}: 'name' must be 1 to 30 characters (92117)")
    if name in seen:
        raise CatalogueError(f"{where}: 'name' {name} stands twice")
    if dimension not in DIMENSIONS:
        raise CatalogueError(f"{where} ({name}): 'dim' must be one of {', '.join(DIMENSIONS)}")
    if not isinstance(seeds, list) or not all(isinstance(seed, str | int) and str(seed).strip() for seed in seeds):
        raise CatalogueError(f"{where} ({name}): 'seeds' must be a list of words")
    seen.add(name)
    return TagRule(name=name, dimension=dimension, seeds=tuple(dict.fromkeys(str(seed).strip() for seed in seeds)))

"""The brand's tag catalogue: tags, their dimension, the words that stand for them. Read from YAML, checked, frozen."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
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
#: A sensitive tag (health) is recorded only when its finding is at least this certain.
SENSITIVE_CONFIDENCE = 0.85
_KEYS = ("version", "dimensions", "sensitive", "tags")


class CatalogueError(ValueError):
    """The catalogue file is not one; the message names file, tag and what is allowed."""


@dataclass(frozen=True)
class TagRule:
    """One tag: its dimension, the words for it, and what becomes of it in time.

    `seeds` are what an operator typed first, `variants` further wordings; `rule` describes it to people. `after` names
    the earlier states of a path without return, `replaces` what it ends, `excludes` what cannot be true beside it.
    """

    name: str
    dimension: str
    seeds: tuple[str, ...]
    variants: tuple[str, ...] = ()
    rule: str = ""
    expires_days: int | None = None
    sensitive: bool = False
    after: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    off: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Every wording, each once."""
        return tuple(dict.fromkeys(self.seeds + self.variants))


_SPELT = {"dimension": "dim"}
_TAG_KEYS = tuple(_SPELT.get(field.name, field.name) for field in fields(TagRule))


@dataclass(frozen=True)
class Catalogue:
    """The tags of a brand that are given, and those that rest: switched off, or sensitive in a brand without these.

    `version` is the operator's number and a digest of the content: it names what ran.
    """

    version: str
    tags: tuple[TagRule, ...]
    resting: tuple[TagRule, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, TagRule]:
        return {rule.name: rule for rule in (*self.tags, *self.resting)}

    @cached_property
    def _earlier(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(_path(self._by_name, name)) for name in self._by_name}

    def find(self, tag: str) -> TagRule | None:
        return self._by_name.get(tag)

    def dimension_of(self, tag: str) -> str:
        """The dimension of a tag; channel for tags that are not in the catalogue (they come from live codes)."""
        rule = self.find(tag)
        return rule.dimension if rule else "channel"

    def admits(self, tag: str, confidence: float) -> bool:
        """Whether a finding is certain enough to be recorded."""
        return not self.is_sensitive(tag) or confidence >= SENSITIVE_CONFIDENCE

    def is_sensitive(self, tag: str) -> bool:
        """Whether a tag is sensitive personal data (敏感个人信息)."""
        rule = self.find(tag)
        return rule is not None and rule.sensitive

    def earlier(self, tag: str) -> frozenset[str]:
        """The states that lie behind a customer who has this one."""
        return self._earlier.get(tag, frozenset())

    def replaced_by(self, tag: str) -> frozenset[str]:
        """The tags that end as "replaced" when this one is gained."""
        rule = self.find(tag)
        return self.earlier(tag) | set(rule.replaces if rule else ())

    def contrary_to(self, tag: str) -> frozenset[str]:
        """The tags that cannot be true beside this one, whichever of the two says so."""
        return self._contrary.get(tag, frozenset())

    @cached_property
    def _contrary(self) -> dict[str, frozenset[str]]:
        pairs: dict[str, set[str]] = {}
        for rule in self._by_name.values():
            for other in rule.excludes:
                pairs.setdefault(rule.name, set()).add(other)
                pairs.setdefault(other, set()).add(rule.name)
        return {name: frozenset(others) for name, others in pairs.items()}


def _path(rules: dict[str, TagRule], name: str) -> Iterator[str]:
    """What comes before a state, and before that; ends also where the states go in a circle."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        for before in rules[todo.pop()].after:
            if before not in seen:
                seen.add(before)
                todo.append(before)
                yield before


def load_catalogue(path: Path) -> Catalogue:
    """Read a catalogue file. Raises CatalogueError naming what is wrong and what is allowed."""
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise CatalogueError(f"{path}: not readable as YAML: {exc}") from exc
    if not isinstance(data, dict) or not isinstance(data.get("tags"), list):
        raise CatalogueError(f"{path}: 'tags' must be a list of {{name, dim, seeds}}")
    _check_keys(f"{path}", data, _KEYS)
    with_sensitive = _switch(f"{path}", data, "sensitive", default=True)
    rules: dict[str, TagRule] = {}
    for position, item in enumerate(data["tags"], 1):
        rule = _rule(f"{path}: tag {position}", item)
        if rule.name in rules:
            raise CatalogueError(f"{path}: tag {position}: 'name' {rule.name} stands twice")
        rules[rule.name] = rule
    _check_names(path, rules)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    rests = {rule.name for rule in rules.values() if rule.off or (rule.sensitive and not with_sensitive)}
    return Catalogue(
        version=f"{data.get('version', 0)}-{digest}",
        tags=tuple(rule for rule in rules.values() if rule.name not in rests),
        resting=tuple(rule for rule in rules.values() if rule.name in rests),
    )


def _rule(where: str, item: Any) -> TagRule:
    if not isinstance(item, dict):
        raise CatalogueError(f"{where}: must be {{name, dim, seeds}}")
    item = {"off" if key is False else key: value for key, value in item.items()}  # YAML 1.1 reads the word as "no"
    name, dimension = item.get("name"), item.get("dim")
    if not isinstance(name, str) or not 0 < len(name) <= 30:
        raise CatalogueError(f"{where}: 'name' must be 1 to 30 characters (92117)")
    where = f"{where} ({name})"
    _check_keys(where, item, _TAG_KEYS)
    if not isinstance(dimension, str) or dimension not in DIMENSIONS:
        raise CatalogueError(f"{where}: 'dim' must be one of {', '.join(DIMENSIONS)}")
    days = item.get("expires_days")
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
        raise CatalogueError(f"{where}: 'expires_days' must be a whole number of days, 1 or more")
    return TagRule(
        name=name,
        dimension=dimension,
        seeds=_words(where, item, "seeds", required=True),
        variants=_words(where, item, "variants"),
        rule=str(item.get("rule", "")),
        expires_days=days,
        sensitive=_switch(where, item, "sensitive"),
        after=_words(where, item, "after"),
        replaces=_words(where, item, "replaces"),
        excludes=_words(where, item, "excludes"),
        off=_switch(where, item, "off"),
    )


def _words(where: str, item: dict[str, Any], key: str, *, required: bool = False) -> tuple[str, ...]:
    given = item.get(key, None if required else [])
    if not isinstance(given, list) or not all(isinstance(word, str | int) and str(word).strip() for word in given):
        raise CatalogueError(f"{where}: '{key}' must be a list of words")
    return tuple(dict.fromkeys(str(word).strip() for word in given))


def _switch(where: str, item: dict[str, Any], key: str, *, default: bool = False) -> bool:
    given = item.get(key, default)
    if not isinstance(given, bool):
        raise CatalogueError(f"{where}: '{key}' must be on or off")
    return given


def _check_keys(where: str, item: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for key in item:
        if key not in allowed:
            raise CatalogueError(f"{where}: unknown key '{key}'; allowed: {', '.join(allowed)}")


def _check_names(path: Path, rules: dict[str, TagRule]) -> None:
    """Flows lead to other tags of the file, and never back to where they began."""
    for rule in rules.values():
        for key in ("after", "replaces", "excludes"):
            for other in getattr(rule, key):
                if other not in rules or other == rule.name:
                    raise CatalogueError(f"{path}: tag {rule.name}: '{key}' {other} is no other tag of this file")
    for name in rules:
        if name in _path(rules, name):
            raise CatalogueError(f"{path}: tag {name}: 'after' leads back to the tag itself")

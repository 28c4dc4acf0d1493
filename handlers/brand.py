"""The brand, as its folder describes it: voice, tags, knowledge, stores, groups, posts and live codes.

Loaded once, frozen, shared by all threads. A file that is wrong refuses to load, naming file, key and what is allowed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handlers.analysis import analyse
from handlers.reading import Reader, Reading
from handlers.wording import word
from keywords.catalogue import Catalogue, load_catalogue
from keywords.lexicon import LexiconError
from keywords.tagger import Tagger
from keywords.wishes import Wishes, with_own_words
from persona.entries import load_knowledge
from persona.gates import Gate
from persona.knowledge import Index
from persona.model import Persona, load_persona
from persona.search_vectors import Embed

T = TypeVar("T", bound=BaseModel)
Clock = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class BrandError(ValueError):
    """A file of the brand is wrong; the message names file, key and what is allowed."""


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Store(_Item):
    id: str
    name: str
    address: str = ""


class StaffMember(_Item):
    userid: str
    name: str
    store: str = ""
    role: Literal["clerk", "manager", "servicer"] = "clerk"


class KfAccount(_Item):
    """A 微信客服 account that the brand reads from the first start on, before WeCom names any."""

    open_kfid: str
    name: str = ""


class Shift(_Item):
    """Service hours of one kind of day, as local times."""

    open: str = Clock
    close: str = Clock


class BusinessHours(_Item):
    """When people serve. `holidays` have no service at all."""

    weekdays: Shift = Shift(open="09:00", close="21:00")
    weekends: Shift = Shift(open="09:00", close="21:00")
    holidays: tuple[date, ...] = ()

    def of(self, day: date) -> tuple[time, time] | None:
        """Opening and closing time of a day; None on a holiday."""
        if day in self.holidays:
            return None
        shift = self.weekends if day.isoweekday() > 5 else self.weekdays
        return time.fromisoformat(shift.open), time.fromisoformat(shift.close)

    def is_open(self, local: datetime) -> bool:
        hours = self.of(local.date())
        return hours is not None and hours[0] <= local.time().replace(tzinfo=None) < hours[1]

    def next_opening(self, local: datetime) -> datetime:
        """The first opening after a local time. Looks a year ahead; raises LookupError when there is none."""
        for days in range(366):
            day = local.date() + timedelta(days=days)
            hours = self.of(day)
            if hours is not None:
                opening = datetime.combine(day, hours[0], tzinfo=local.tzinfo)
                if opening > local:
                    return opening
        raise LookupError("no opening within a year")


class Duty(_Item):
    """Who is told of what cannot wait, in any hour: userids."""

    duty: tuple[str, ...] = Field((), max_length=1000)  # touser of message/send (90236)


class PlannedGroup(_Item):
    """A group the brand posts to. Exactly one address: chat_id, webhook key or appchat chatid."""

    kind: Literal["customer", "webhook", "appchat"]
    address: str
    name: str
    owner: str = ""
    store: str = ""


class Post(_Item):
    """A recurring post: on these weekdays (1 Monday to 7) at this local time to these groups.

    `groups` names chat ids, store ids, or "customer" and "internal" for all of a kind.
    """

    id: str = Field(min_length=1, max_length=64)
    title: str
    kind: str
    at: str = Clock
    weekdays: tuple[int, ...] = Field(min_length=1)
    groups: tuple[str, ...] = Field(min_length=1)
    text: str = Field(min_length=1)
    attachments: tuple[dict[str, Any], ...] = Field((), max_length=9)

    @property
    def time(self) -> time:
        return time.fromisoformat(self.at)


class LiveCode(_Item):
    """A live code (活码): the mark it leaves (`state`, or a kf `scene`), and what that mark means."""

    state: str = Field(min_length=1, max_length=30)
    channel: str = Field(min_length=1, max_length=24)
    store: str = ""
    userid: str = ""
    welcome: str = ""
    promise: str = ""


@dataclass(frozen=True)
class Brand:
    """Everything a handler may ask of the brand."""

    persona: Persona
    catalogue: Catalogue
    knowledge: Index
    reader: Reader
    zone: ZoneInfo
    hours: BusinessHours
    stores: dict[str, Store]
    staff: dict[str, StaffMember]
    duty: tuple[str, ...]
    groups: tuple[PlannedGroup, ...]
    posts: dict[str, Post]
    live_codes: dict[str, LiveCode]
    kf_accounts: dict[str, str]
    read: Callable[[str], Reading]

    @cached_property
    def gate(self) -> Gate:
        """What may not be said in this brand's name."""
        return Gate(self.persona)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)

    def staff_name(self, userid: str) -> str:
        """The name a customer may hear; the bare userid is never shown."""
        member = self.staff.get(userid)
        return member.name if member else word("colleague")

    @property
    def on_duty(self) -> tuple[str, ...]:
        """Who is told of what cannot wait: the duty staff, or where none are named, the managers."""
        return self.duty or tuple(member.userid for member in self.staff.values() if member.role == "manager")

    def posts_at(self, day: date, group: PlannedGroup) -> list[Post]:
        """The posts of one day for one group, by time."""
        wanted = {group.address, group.store, "customer" if group.kind == "customer" else "internal"} - {""}
        found = [p for p in self.posts.values() if day.isoweekday() in p.weekdays and wanted & set(p.groups)]
        return sorted(found, key=lambda post: (post.at, post.id))


def load_brand(folder: Path, persona_name: str, timezone: str, embed: Embed | None = None) -> Brand:
    """Read a brand folder. Raises BrandError, CatalogueError, KnowledgeError or PersonaError."""
    if not folder.is_dir():
        raise BrandError(f"{folder}: no such folder (setting brand_dir)")
    stores = _read(folder / "stores.yaml")
    catalogue = load_catalogue(folder / "catalogue.yaml")
    persona = load_persona(persona_file(folder, persona_name))
    knowledge = Index(load_knowledge(folder / "knowledge.jsonl"), analyse, embed)
    reader = Reader(Tagger(catalogue, folder / "lexicon.yaml"), knowledge, _wishes(folder / "handoff.yaml"), persona)
    where = folder / "stores.yaml"
    return Brand(
        persona=persona,
        catalogue=catalogue,
        knowledge=knowledge,
        reader=reader,
        zone=ZoneInfo(timezone),
        hours=_one(where, BusinessHours, stores.get("business_hours", {})),
        stores={item.id: item for item in _many(where, Store, stores.get("stores"))},
        staff={item.userid: item for item in _many(where, StaffMember, stores.get("staff"))},
        duty=_one(where, Duty, stores).duty,
        groups=tuple(_many(folder / "groups.yaml", PlannedGroup, _groups(folder))),
        posts=_unique(
            folder / "posts.yaml", _many(folder / "posts.yaml", Post, _read(folder / "posts.yaml").get("posts"))
        ),
        live_codes={
            code.state: code for code in _many(folder / "live_codes.yaml", LiveCode, _codes(folder)) if code.state
        },
        kf_accounts={a.open_kfid: a.name for a in _many(where, KfAccount, stores.get("kf_accounts", []))},
        read=lru_cache(maxsize=512)(reader.read),
    )


def persona_file(folder: Path, name: str) -> Path:
    """Where a persona stands: in the brand's folder, else among those shipped. Raises BrandError."""
    own = folder / "personas" / f"{name}.yaml"
    shipped = Path(__file__).parent.parent / "persona" / "personas" / f"{name}.yaml"
    for path in (own, shipped):
        if path.exists():
            return path
    raise BrandError(f"{own}: no such persona (setting persona), and none is shipped by that name")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BrandError(f"{path}: no such file") from None
    except yaml.YAMLError as exc:
        raise BrandError(f"{path}: not readable as YAML: {exc}") from exc
    if not isinstance(data, dict):
        raise BrandError(f"{path}: must hold keys and values")
    return data


def _wishes(path: Path) -> Wishes:
    try:
        return with_own_words(path)
    except LexiconError as exc:
        raise BrandError(str(exc)) from None


def _groups(folder: Path) -> list[Any]:
    groups = _read(folder / "groups.yaml").get("groups", [])
    return [
        {
            **item,
            "kind": "customer" if "chat_id" in item else "webhook" if "webhook_key" in item else "appchat",
            "address": item.get("chat_id") or item.get("webhook_key") or item.get("chatid"),
        }
        for item in groups
    ]


def _codes(folder: Path) -> list[Any]:
    codes = _read(folder / "live_codes.yaml").get("live_codes", [])
    return [{**item, "state": item.get("state") or item.get("scene")} for item in codes]


def _one(path: Path, model: type[T], data: Any, at: str = "") -> T:
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BrandError(f"{path}: {at}'{key}': {first['msg']}") from None


def _many(path: Path, model: type[T], items: Any) -> list[T]:
    if not isinstance(items, list):
        raise BrandError(f"{path}: must hold a list of {model.__name__}")
    return [_one(path, model, item, f"item {number}: ") for number, item in enumerate(items, 1)]


def _unique(path: Path, posts: list[Post]) -> dict[str, Post]:
    by_id: dict[str, Post] = {}
    for post in posts:
        if post.id in by_id:
            raise BrandError(f"{path}: 'id' {post.id} stands twice")
        by_id[post.id] = post
    return by_id

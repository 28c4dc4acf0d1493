"""What a persona is: a name, a voice, and the phrases it says. Pydantic checks the YAML, so an error names its key."""

import hashlib
import string
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

#: Every phrase the handlers may ask for; a persona file must have at least one variant of each.
PHRASES = frozenset(
    {
        "greeting.morning",
        "greeting.noon",
        "greeting.afternoon",
        "greeting.evening",
        "greeting.night",
        "answer_prefix",
        "answer_suffix",
        "answer_again",
        "welcome_contact",
        "welcome_kf",
        "menu_head",
        "menu_tail",
        "unsure",
        "robot_honest",
        "thanks",
        "bye",
        "praise",
        "small_talk",
        "image_received",
        "voice_received",
        "file_received",
        "location_received",
        "link_received",
        "other_received",
        "handoff_asking.ask_human",
        "handoff_asking.repeated_nonanswer",
        "handoff_asking.complaint",
        "handoff_asking.refund_dispute",
        "handoff_asking.legal_threat",
        "handoff_asking.adverse_reaction",
        "handoff_asking.crisis",
        "handoff_servicer",
        "handoff_pool",
        "handoff_promise",
        "handoff_failed",
        "session_ended",
        "after_crisis",
        "staff_hello",
        "staff_unknown",
        "apology_late",
    }
)
#: What a phrase may have filled in beside the words that every phrase may use.
PLACEHOLDERS = {
    "welcome_contact": frozenset({"clerk", "store"}),
    "handoff_servicer": frozenset({"servicer"}),
    "handoff_promise": frozenset({"time"}),
}
ALWAYS_FILLED = frozenset({"name", "brand", "me"})
SHOPPING = "购物助手"


class PersonaError(ValueError):
    """The persona file is not one; the message names file, key and what is allowed."""


class Emoji(BaseModel):
    """Which emoji the persona uses (none listed: any), and how many in one message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: tuple[str, ...] = ()
    max_per_message: int = Field(1, ge=0, le=20)


class Persona(BaseModel):
    """A voice. `phrases` maps a dotted key to its variants, with placeholders in braces.

    `forbidden`, `innocent`, `other_brands` and `partner_brands` add to the shipped lists of claims and brand names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=16)
    brand: str = Field(min_length=1)
    mode: str = Field(pattern="^(私人伙伴|购物助手|话题专家)$")
    version: str = ""
    vertical: str = ""
    self_reference: str = ""
    tone: tuple[str, ...] = ()
    emoji: Emoji = Emoji()
    max_length: int = Field(300, ge=20, le=2000)
    forbidden: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    other_brands: tuple[str, ...] = ()
    partner_brands: tuple[str, ...] = ()
    phrases: dict[str, list[str]]
    understands: dict[str, list[str]] = Field(default_factory=dict)

    @field_validator("phrases", mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        flat: dict[str, Any] = {}
        for key, variants in value.items():
            if isinstance(variants, dict):
                flat |= {f"{key}.{inner}": lines for inner, lines in variants.items()}
            else:
                flat[key] = variants
        return flat

    @field_validator("phrases")
    @classmethod
    def _complete(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        missing = sorted(key for key in PHRASES if not value.get(key))
        if missing:
            raise ValueError(f"needs at least one variant of: {', '.join(missing)}")
        for key, variants in value.items():
            for variant in variants:
                _check_placeholders(key, variant)
        return value

    @property
    def posts_to_groups(self) -> bool:
        """A 购物助手 speaks with one customer at a time; the other two also speak to groups (product rule A-66)."""
        return self.mode != SHOPPING


def _check_placeholders(key: str, variant: str) -> None:
    allowed = ALWAYS_FILLED | PLACEHOLDERS.get(key, frozenset())
    try:
        used = {name for _, name, _, _ in string.Formatter().parse(variant) if name is not None}
    except ValueError as exc:
        raise ValueError(f"{key}: {exc}; write {{{{ and }}}} for braces") from None
    if used - allowed:
        wrong, right = ", ".join(sorted(used - allowed)), ", ".join(sorted(allowed))
        raise ValueError(f"{key}: unknown placeholder {{{wrong}}}; allowed: {right}")


def load_persona(path: Path) -> Persona:
    """Read a persona file. Raises PersonaError naming the key that is wrong."""
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
        persona = Persona.model_validate(data)
    except yaml.YAMLError as exc:
        raise PersonaError(f"{path}: not readable as YAML: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PersonaError(f"{path}: '{key}': {_what(first)}") from exc
    return persona.model_copy(update={"version": hashlib.sha256(text.encode()).hexdigest()[:8]})


def _what(error: ErrorDetails) -> str:
    if error["type"] != "extra_forbidden":
        return error["msg"]
    model = Emoji if error["loc"][0] == "emoji" else Persona
    return f"unknown key; allowed: {', '.join(sorted(set(model.model_fields) - {'version'}))}"

"""What a persona is: a name, a voice, and the phrases it says. Pydantic checks the YAML, so an error names its key."""

import hashlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

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
        "handoff_asking",
        "handoff_servicer",
        "handoff_pool",
        "handoff_promise",
        "handoff_failed",
        "session_ended",
        "crisis_help",
        "staff_hello",
        "staff_unknown",
        "apology_late",
    }
)


class PersonaError(ValueError):
    """The persona file is not one; the message names file, key and what is allowed."""


class Persona(BaseModel):
    """A voice. `phrases` maps a dotted key to its variants, with placeholders in braces."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(min_length=1, max_length=16)
    brand: str = Field(min_length=1)
    mode: str = Field(pattern="^(私人伙伴|购物助手|话题专家)$")
    version: str = ""
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
        return value


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
        raise PersonaError(f"{path}: '{key}': {first['msg']}") from exc
    return persona.model_copy(update={"version": hashlib.sha256(text.encode()).hexdigest()[:8]})

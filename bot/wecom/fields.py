"""Reading single fields of what WeCom sends, where numbers come as text and text as numbers.

Each raises ValueError when a field is not of the shape that the documentation promises.
"""

from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]


def text(fields: Fields, name: str) -> str:
    """Empty when absent; a number as text. Raises ValueError for anything nested."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{name} is not text")


def required(fields: Fields, name: str) -> str:
    """The text, which is not empty."""
    value = text(fields, name)
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def nested(fields: Fields, name: str) -> Fields:
    """The object under `name`; empty when there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def number(fields: Fields, name: str) -> int | None:
    """A whole number; None when absent or empty."""
    value = text(fields, name)
    return int(value) if value else None


def texts(fields: Fields, name: str) -> list[str]:
    """One <Item> and many both give a list."""
    value = fields.get(name) or []
    return [value] if isinstance(value, str) else value


def second(value: object) -> int:
    """A unix second; 0 for none and for what cannot be one."""
    digits = str(value)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else 0

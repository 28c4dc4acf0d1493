"""Bytes to plain values: the XML and JSON that WeCom sends, read strictly and with bounds.

XML goes straight through expat (a callback is read before anything is known about its sender, so no DTD, no entity, no
processing instruction is accepted and no tree is built). Both readers raise ValueError, never quoting the input.
"""

import json
from typing import Any, NoReturn
from xml.parsers import expat

MAX_DEPTH = 32
MAX_ELEMENTS = 20_000

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def read_xml(data: bytes, max_elements: int = MAX_ELEMENTS) -> dict[str, Any]:
    """The children of the root element: text, a nested dict, or a list where a name repeats.

    Attributes are ignored: WeCom uses none. Raises ValueError for anything that is not plain UTF-8 XML of a root with
    children, or that is larger or deeper than any callback.
    """
    builder = _Builder(max_elements)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(data.decode(), True)
    except (expat.ExpatError, UnicodeDecodeError):
        raise ValueError("not well-formed XML in UTF-8") from None
    if not isinstance(builder.root, dict):
        raise ValueError("the XML has no fields")
    return builder.root


def read_json(data: bytes, *, lenient: bool = False) -> dict[str, Any]:
    """The JSON object in `data`, safe to store: lone surrogates and NUL become U+FFFD.

    `lenient` also takes invalid UTF-8 and raw control characters (WeCom's own answers carry what customers typed), so
    that one odd nickname does not lose a page. Raises ValueError otherwise, and when the value is not an object.
    """
    try:
        text = data.decode("utf-8", "replace" if lenient else "strict")
        value = json.loads(text, strict=not lenient, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise ValueError("the JSON is not an object")
    return {name: clean(child, 1) for name, child in value.items()} if "\\u" in text or "\0" in text else value


def clean(value: Any, depth: int = 0) -> Any:
    """`value` with every string storable as UTF-8 without NUL. Raises ValueError when nested deeper than MAX_DEPTH."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", _REPLACEMENT)
    if not isinstance(value, dict | list):
        return value
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {clean(name): clean(child, depth + 1) for name, child in value.items()}
    return [clean(child, depth + 1) for child in value]


def _refuse(*_: object) -> NoReturn:
    raise ValueError("a construct that WeCom never sends")


class _Builder:
    """Collects expat's calls into dicts. `root` is set when the root element closes."""

    def __init__(self, max_elements: int) -> None:
        self.root: Any = None
        self._left = max_elements
        self._open: list[tuple[dict[str, Any], list[str]]] = []

    def start(self, _name: str, _attributes: object) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) >= MAX_DEPTH:
            raise ValueError("more XML than WeCom ever sends")
        self._open.append(({}, []))

    def text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, name: str) -> None:
        children, texts = self._open.pop()
        value = children or "".join(texts)
        if not self._open:
            self.root = value
            return
        siblings = self._open[-1][0]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

"""Reads the numbers of a text: Arabic or Chinese, in any width, with what they count. 九十九块 and 99元 are the same.

The words for digits, units and parts of the day stand in numbers.yaml.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from persona.plain import plain

_WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("numbers.yaml").read_text(encoding="utf-8"))


def _any(words: list[str], *, escape: bool = True) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(map(re.escape, ordered) if escape else ordered)


def _spelling(word: str) -> str:
    return word + "(?![a-z])" if re.search("[a-z]$", word) else word


_DIGITS: dict[str, int] = _WORDS["digits"]
_SCALES: dict[str, int] = _WORDS["scales"]
_UNIT: dict[str, str] = {word: unit for unit, words in _WORDS["units"].items() for word in words}
_HARD = _any([_spelling(word) for word, unit in _UNIT.items() if unit not in _WORDS["soft"]], escape=False)
_UNITS = _any([_spelling(word) for word in _UNIT], escape=False)
_UNIT_OF: list[tuple[re.Pattern[str], str]] = [
    (re.compile(_spelling(word)), unit) for word, unit in sorted(_UNIT.items(), key=lambda item: -len(item[0]))
]
_DIGIT, _SCALE = f"[{''.join(_DIGITS)}]", f"[{''.join(_SCALES)}]"
_RANGE = f"(?:{_any(_WORDS['ranges'])})"
_CUE = f"(?:{_any(_WORDS['money'] + _WORDS['cues'])})"
_PARTS = _WORDS["afternoon"] + _WORDS["noon"] + _WORDS["other_parts"]
_DECIMAL_UNIT = _any(_WORDS["decimal"])
_NO_ONE = tuple(_WORDS["no_one"])

_IDIOMS = re.compile(_any(_WORDS["idioms"], escape=False))
_REWRITES = re.compile(_any(list(_WORDS["rewrites"])))
_WEEKDAY = re.compile(f"(?:{_any(_WORDS['week'])})([{''.join(_WORDS['weekdays'])}]|[1-7](?![0-9]))")
_CHINESE = re.compile(f"(?:{_DIGIT}|{_SCALE})+(?:点{_DIGIT}+(?=(?:{_DECIMAL_UNIT})))?")
_ANY_DIGIT = f"[0-9{''.join(_DIGITS)}]"
_COUNTED = re.compile(rf"\s*(?:{_UNITS}|点|分之|个?半|{_RANGE}\s*{_ANY_DIGIT})")
_COUNTED_ONE = re.compile(rf"\s*(?:{_HARD}|点(?:[半钟整]|{_ANY_DIGIT})|分之|个半|{_RANGE}\s*{_ANY_DIGIT})")
_AFTER_CUE = re.compile(f"(?:{_CUE}|百分之|分之)$")
_AFTER_NUMBER = re.compile(rf"[0-9]{_RANGE}?$|{_ANY_DIGIT}[块元]$")
_AFTER_PART = re.compile(f"(?:{_any(_PARTS)})$")
_HALF = re.compile(rf"([0-9]+)个?半(?=个?(?:{_HARD}))")
_HALF_ALONE = re.compile(r"半(?=个?(?:小时|钟头|天|年|月|价|斤|折))")
_SCALED = re.compile(f"([0-9]+(?:\\.[0-9]+)?)({_SCALE}+)")
_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"
_TOKEN = re.compile(
    rf"(?P<part>{_any(_PARTS)})?\s*(?P<hour>[0-9]{{1,2}})"
    rf"(?::(?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?(?![0-9])|点(?:(?P<after>[0-9]{{1,2}})分?|(?P<half>半)|(?P<quarter>[13])刻)?)"
    r"|(?P<phone>(?<![0-9])(?:[0-9]{3,4}-[0-9]{7,8}|[0-9]{3}[- ][0-9]{3,4}[- ][0-9]{4})(?![0-9.]))"
    r"|(?P<year>[12][0-9]{3})[-/.](?P<month>[01]?[0-9])[-/.](?P<day>[0-3]?[0-9])(?![0-9])"
    r"|(?P<ratio>[0-9]+)分之(?P<share>[0-9]+(?:\.[0-9]+)?)"
    rf"|(?P<yuan>[0-9]+)(?:块|元)(?P<jiao>[0-9])(?:毛|角)?(?![0-9.]|\s*(?:{_UNITS}))"
    rf"|(?P<sign>[¥$])\s*(?P<price>{_NUMBER})"
    rf"|(?:(?P<money>{_any(_WORDS['money'])})\s*|(?P<letters>[a-z]+)[ .]?)?(?P<number>{_NUMBER})\s*(?P<unit>{_UNITS})?"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text: its value in one spelling, what it counts ("" when that is not said), and its words."""

    value: str
    unit: str
    words: str


def read(text: str) -> list[Number]:
    """The numbers of a text, in order. Clock times have the unit "clock" (24 hours), days of the week "weekday"."""
    flat = _arabic(plain(text))
    found: list[tuple[int, int, list[Number]]] = [
        (m.start(), m.end(), [Number(str(_WORDS["weekdays"].get(m[1], m[1])), "weekday", m[0])])
        for m in _WEEKDAY.finditer(flat)
    ]
    rest = _WEEKDAY.sub(lambda m: " " * len(m[0]), flat)
    part = last_end = None
    for match in _TOKEN.finditer(rest):
        if match["hour"]:  # 下午2点到5点: the part of the day goes on
            goes_on = last_end is not None and re.fullmatch(rf"\s*{_RANGE}\s*", rest[last_end : match.start()])
            part = match["part"] or (part if goes_on else None)
            last_end = match.end()
        found.append((match.start(), match.end(), _numbers(match, part)))
    found.sort(key=lambda item: item[0])
    return _share_units(rest, found)


def _share_units(text: str, found: list[tuple[int, int, list[Number]]]) -> list[Number]:
    """In 3到5天 both numbers count days."""
    for (_, end, before), (start, _, after) in reversed(list(pairwise(found))):
        if before[-1].unit == "" and after[0].unit and re.fullmatch(rf"\s*{_RANGE}\s*", text[end:start]):
            before[-1] = Number(before[-1].value, after[0].unit, before[-1].words)
    return [number for _, _, numbers in found for number in numbers]


def _numbers(match: re.Match[str], part: str | None) -> list[Number]:
    words = match[0].strip()
    if match["hour"]:
        return [Number(_clock(match, part), "clock", words)]
    if match["phone"]:
        return [Number(re.sub("[- ]", "", match["phone"]), "", words)]
    if match["year"]:
        return [Number(str(int(match[k])), u, words) for k, u in (("year", "年"), ("month", "月"), ("day", "天"))]
    if match["ratio"]:
        if match["ratio"] == "100":
            return [Number(match["share"], "%", words)]
        return [Number(f"{match['share']}/{match['ratio']}", "", words)]
    if match["yuan"]:
        return [Number(f"{match['yuan']}.{match['jiao']}", "元", words)]
    if match["price"]:
        return [Number(_value(match["price"]), "元", words)]
    unit = _unit(match["unit"]) if match["unit"] else "元" if match["money"] else match["letters"] or ""
    return [_adjusted(_value(match["number"]), unit, words)]


def _adjusted(value: str, unit: str, words: str) -> Number:
    """Units that say the same by another number: 85折 is 8.5折, 5角 half a 元, 3成 30 %."""
    if unit == "折" and Decimal(value) >= 10:
        return Number(_value(str(Decimal(value) / 10)), unit, words)
    if unit == "角":
        return Number(_value(str(Decimal(value) / 10)), "元", words)
    if unit == "成":
        return Number(_value(str(Decimal(value) * 10)), "%", words)
    return Number(value, unit, words)


def _unit(spelt: str) -> str:
    return next(unit for pattern, unit in _UNIT_OF if pattern.fullmatch(spelt))


def _clock(match: re.Match[str], part: str | None) -> str:
    hour = int(match["hour"])
    if (part in _WORDS["afternoon"] and hour < 12) or (part in _WORDS["noon"] and hour < 5):
        hour += 12
    minute = int(match["minute"] or match["after"] or 0)
    minute = 30 if match["half"] else 15 * int(match["quarter"]) if match["quarter"] else minute
    return f"{hour % 24}:{minute:02}"


def _value(digits: str) -> str:
    number = Decimal(digits.replace(",", ""))
    return f"{number.normalize():f}"


def _arabic(text: str) -> str:
    """Chinese numerals that count something as Arabic ones; idioms that only look like numbers are blanked."""
    text = _REWRITES.sub(lambda m: _WORDS["rewrites"][m[0]], text)
    text = _IDIOMS.sub(lambda m: "＿" * len(m[0]), text)
    weekdays = [m.span(1) for m in _WEEKDAY.finditer(text)]
    text = _CHINESE.sub(_replacer(text, {start for start, _ in weekdays}), text)
    text = _HALF_ALONE.sub("0.5", _HALF.sub(r"\g<1>.5", text))
    return _SCALED.sub(lambda m: _value(str(Decimal(m[1]) * _product(m[2]))), text)


def _replacer(text: str, not_numbers: set[int]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        run, before = match[0], text[: match.start()]
        if match.start() in not_numbers and len(run) == 1:
            return run
        if before and before[-1] in "0123456789" and set(run) <= set(_SCALES):
            return run  # 3万: scaled later
        after = text[match.end() : match.end() + 6]
        return _spoken(run, after) if _counts(run, before[-4:], after) else run

    return replace


def _counts(run: str, before: str, after: str) -> bool:
    """Whether a run of Chinese numerals is a number here, and no part of another word."""
    if run in ("一", "壹"):
        if _AFTER_CUE.search(before) and not after.startswith(_NO_ONE):
            return True
        return bool(_COUNTED_ONE.match(after)) or bool(_AFTER_PART.search(before) and after.startswith("点"))
    if _COUNTED.match(after) or _AFTER_CUE.search(before) or _AFTER_NUMBER.search(before):
        return True
    scaled = any(char in _SCALES for char in run)
    return len(run) >= (2 if scaled else 3) and any(char in _DIGITS for char in run)


def _spoken(run: str, after: str) -> str:
    """The Arabic form of a run: 九十九 is 99, 八五 before 折 is 85, 三五 before 天 is both 3 and 5."""
    whole, _, fraction = run.partition("点")
    if fraction:
        return f"{_integer(whole)}.{_figures(fraction)}"
    if any(char in _SCALES for char in whole):
        return str(_integer(whole))
    if len(whole) == 2 and not after.startswith(("折", "年", "号")):
        return "-".join(_figures(char) for char in whole)
    return _figures(whole)


def _figures(run: str) -> str:
    return "".join(str(_DIGITS[char]) for char in run)


def _integer(run: str) -> int:
    """九十九 is 99, 三百二 is 320, 一万两千 is 12000, 十 is 10."""
    total = section = digit = 0
    last_scale = 1
    for char in run:
        if char in _DIGITS:
            digit = _DIGITS[char]
            last_scale = 1 if digit == 0 else last_scale
            continue
        scale = _SCALES[char]
        if scale >= 10000:
            total, section = (total + (section + digit or 1)) * scale, 0
        else:
            section += (digit or 1) * scale
        digit, last_scale = 0, scale
    return total + section + digit * (last_scale // 10 if last_scale >= 100 else 1)


def _product(scales: str) -> int:
    product = 1
    for char in scales:
        product *= _SCALES[char]
    return product

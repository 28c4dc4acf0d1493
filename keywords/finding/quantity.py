"""Budgets by rule: the upper bound that a customer names for one item, and the tag whose band holds it.

The bands come from the tags' own names (预算100内, 预算100-300, 预算300上): other bounds in another catalogue work too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from keywords.finding.patterns import pattern, read_patterns
from keywords.judging.clause import Clause
from keywords.match import Match

_BAND = re.compile(r"(\d+)\s*[-~—至到]\s*(\d+)|(\d+)\D{0,2}?(?:上|\+|起)|(\d+)\D{0,2}?(?:内|下)")
_LEAST = 5
#: A message of no more characters says the amount and little else: an answer to "how much?".
_SHORT = 12
_FEW = 2  # "三四百": two digits beside each other are from-to


@dataclass(frozen=True, slots=True)
class Band:
    """A tag for amounts above `over` and up to `upto` yuan."""

    name: str
    over: float
    upto: float


@dataclass(frozen=True, slots=True)
class _Amount:
    value: float
    start: int
    end: int


def bands(names: Iterable[str]) -> list[Band]:
    """The budget tags among a catalogue's names."""
    found = []
    for name in names:
        bounds = _BAND.search(name)
        if bounds and pattern("quantity", "band").search(name):
            low, high, above, below = bounds.groups()
            over, upto = float(low or above or 0), float(high or below or "inf")
            found.append(Band(name, over, upto))
    return found


class Budgets:
    """Finds budgets of a fixed list of bands."""

    def __init__(self, bands: list[Band]) -> None:
        self._bands = bands

    def find(self, parts: list[Clause], flat: str) -> list[Match]:
        """One match for each clause that names what an item may cost."""
        if not self._bands:
            return []
        return [match for part in parts for match in self._in(part, flat)]

    def _in(self, part: Clause, flat: str) -> list[Match]:
        if pattern("quantity", "not_in").search(part.text):
            return []
        meant = [amount for amount in _amounts(part.text) if _is_budget(amount, part, flat)]
        if not meant:
            return []
        most = max(meant, key=lambda amount: amount.value)
        value = most.value
        value /= _pieces(most, part, flat)
        start, end = part.start + meant[0].start, part.start + most.end
        band = next((band for band in self._bands if band.over < value <= band.upto), None)
        return [Match(band.name, f"{value:g}", min(start, part.start + most.start), end, "quantity")] if band else []


def _pieces(amount: _Amount, part: Clause, flat: str) -> float:
    """Among how many items an amount is shared: 两瓶五百, 六百买三样."""
    before = pattern("quantity", "total").search(flat, 0, part.start + amount.start)
    after = pattern("quantity", "total_after").search(part.text[amount.end :])
    said = (next(filter(None, before.groups()), "") if before else "") or (after[3] if after else "")
    return number(said) if said else 1.0


def _is_budget(amount: _Amount, part: Clause, flat: str) -> bool:
    before, after = part.text[: amount.start], part.text[amount.end :]
    range_to = re.match(r"\s*(?:块钱?|元)?\s*[-~—到至]\s*\d+\s*(?:块钱?|元)?", after)
    if range_to and after[range_to.end() :] and not pattern("quantity", "not_after").search(after[range_to.end() :]):
        after = after[range_to.end() :]
    if _matches("not_after", after) or amount.value < _LEAST:
        return False
    if _matches("cap", before):
        return True
    if _matches("not_before", before):
        return False
    if pattern("quantity", "before").search(before) or _matches("after", after):
        return True
    if not before.strip() and pattern("quantity", "money_only").fullmatch(after):
        return True
    if _is_all_said(part.text[amount.start : amount.end], before, after) or _pieces(amount, part, flat) > 1:
        return True
    said = part.text[amount.start : amount.end]
    money = _matches("money", after) or _matches("hundreds", said) or _spoken(said)
    return money and bool(pattern("quantity", "wish").search(flat) or len(flat) <= _SHORT)


def _is_all_said(said: str, before: str, after: str) -> bool:
    """Whether a clause is little more than hundreds in Chinese words: 一百二, 气垫一百五到二百."""
    whole = pattern("quantity", "bare_before").fullmatch(before) and pattern("quantity", "bare").fullmatch(after)
    return bool(whole and pattern("quantity", "hundreds").search(said))


def _matches(key: str, text: str) -> bool:
    return bool(pattern("quantity", key).search(text))


def _spoken(text: str) -> bool:
    """Amounts that are only said of money: 三四百, 两位数."""
    digits = read_patterns("quantity")["digits"]
    return any(way.search(text) for _, way in _fixed()) or (
        len(text) > _FEW and text[0] in digits and text[1] in digits
    )


@cache
def _fixed() -> list[tuple[float, re.Pattern[str]]]:
    return [(float(value), re.compile(said)) for value, said in read_patterns("quantity")["fixed"].items()]


def _amounts(text: str) -> list[_Amount]:
    found = [_Amount(value, *said.span()) for value, way in _fixed() for said in way.finditer(text)]
    for said in pattern("quantity", "number").finditer(text):
        if any(one.start < said.end() and said.start() < one.end for one in found):
            continue
        more = 1 if _matches("above", text[said.end() :]) else 0
        found.append(_Amount(number(said[0]) + more, *said.span()))
    return sorted(found, key=lambda amount: amount.start)


def number(said: str) -> float:
    """The value of a number in digits or in Chinese; of "三四百" the upper one."""
    said = re.sub(r"[\s,]", "", said)
    units: dict[str, int] = read_patterns("quantity")["units"]
    digits: dict[str, int] = read_patterns("quantity")["digits"]
    if said[0].isdigit():
        unit = units.get(said[-1], 1)
        return float(said.rstrip("".join(units))) * unit
    total, last, unit = 0.0, None, 1
    for character in said:
        if character in digits:
            last = float(digits[character])
        else:
            unit = units[character]
            total += (1.0 if last is None else last) * unit
            last = None
    if last is not None:
        total += last * (unit / 10 if unit > 10 and said[-2] in units else 1)
    return total

"""WeCom's errcodes (90313) and what becomes of a call that got one: the only place where a code turns into an error.

The table is `errcodes.tsv` beside this file: errcode, fate, official title. A code that is not in it means no for good.
"""

import random
from importlib.resources import files
from typing import Literal, NamedTuple, cast

from bot.errors import GatewayError, Rejected, Throttled, Unavailable

Fate = Literal["unavailable", "throttled", "token", "rejected"]

FREQUENCY = 45009
CONCURRENCY = 45033
PAUSE_S = 60.0  # a frequency block lasts as long as its window, a minute at least (90454)
GETTOKEN_BAN_S = 3600.0  # gettoken repeated with a wrong secret bans the address for an hour (90313)
CONCURRENCY_WAIT_S = (0.3, 1.5)  # ours: the figure is unpublished, so step aside briefly and not all at once


class Errcode(NamedTuple):
    """One row of the table."""

    fate: Fate
    title: str


def _read_table() -> dict[int, Errcode]:
    rows = files(__package__).joinpath("errcodes.tsv").read_text("utf-8").splitlines()[1:]
    cells = (row.split("\t") for row in rows)
    return {int(errcode): Errcode(cast(Fate, fate), title) for errcode, fate, title in cells}


ERRCODES: dict[int, Errcode] = _read_table()

#: The access_token is to be fetched again, once.
TOKEN_ERRCODES = frozenset(errcode for errcode, row in ERRCODES.items() if row.fate == "token")


def error_for(api: str, errcode: int, errmsg: str = "") -> GatewayError:
    """The error that an answer with `errcode` is. Its reason is the official title and WeCom's own words.

    A token code that reaches a caller has survived the one refetch: Unavailable, since WeCom may expire tokens early.
    """
    fate, title = ERRCODES.get(errcode, Errcode("rejected", ""))
    reason = " · ".join(part for part in (title, _without_hint(errmsg)) if part)
    if fate == "throttled":
        return Throttled(api, reason, errcode, retry_after_s=_wait_s(api, errcode))
    if fate == "rejected":
        return Rejected(api, reason, errcode)
    return Unavailable(api, reason, errcode)


def _wait_s(api: str, errcode: int) -> float:
    if errcode == CONCURRENCY:
        return random.uniform(*CONCURRENCY_WAIT_S)
    return GETTOKEN_BAN_S if api == "gettoken" else PAUSE_S


def _without_hint(errmsg: str) -> str:
    """WeCom appends a hint id, the caller's address and a link to errmsg (90313); none of it tells people anything."""
    return errmsg.partition(", hint:")[0].strip()[:200]

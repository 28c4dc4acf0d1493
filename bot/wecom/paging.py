"""Reading lists that WeCom hands out page by page with cursor and next_cursor."""

from collections.abc import Callable
from typing import Any


def all_pages(read: Callable[[str], dict[str, Any]], field: str) -> list[Any]:
    """The items under `field` of every page, in order; `read` takes the cursor, "" for the first page.

    Ends where next_cursor is empty or stands still. Raises what `read` raises; pages already read are then lost.
    """
    items: list[Any] = []
    cursor = ""
    while True:
        page = read(cursor)
        items += page.get(field) or []
        following = page.get("next_cursor") or ""
        if following in ("", cursor):
            return items
        cursor = following

"""How tags follow each other: what a message gives, and which of a customer's tags it ends. Pure, without memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from keywords.catalogue import Catalogue

#: How a tag ends by words.
WITHDRAWN, REPLACED = "withdrawn", "replaced"


@dataclass(frozen=True)
class Flow:
    """`gained` in the order of the words; `ended` says of each tag how, and by which tag (itself when taken back)."""

    gained: tuple[str, ...]
    ended: dict[str, tuple[str, str]]


def follow(catalogue: Catalogue, held: Collection[str], said: Sequence[str], taken_back: Collection[str] = ()) -> Flow:
    """What becomes of the tags `held` when a message says some and takes some back.

    A state that lies behind the customer does not come again. Other tags of one message all stand, contrary ones too:
    which of those is true is for a person to see.
    """
    standing = [tag for tag in (*held, *said) if tag not in taken_back]
    behind = {earlier for tag in standing for earlier in catalogue.earlier(tag)}
    gained = tuple(dict.fromkeys(tag for tag in said if tag not in behind and tag not in taken_back))
    ended = {tag: (WITHDRAWN, tag) for tag in taken_back if tag in held}
    before = set(held) - set(gained)
    for tag in gained:
        for other in catalogue.replaced_by(tag) & before:
            ended.setdefault(other, (REPLACED, tag))
        for other in catalogue.contrary_to(tag) & before:
            ended.setdefault(other, (WITHDRAWN, tag))
    return Flow(gained, ended)

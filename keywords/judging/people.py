"""Whose trait it is: the writer's, or that of a mother, a boyfriend, a friend. Words: lexicons/people.yaml."""

import re
from dataclasses import dataclass
from functools import cache

from keywords.finding.patterns import pattern, read_patterns

#: Who a stretch of text is about: relations, with "" for the writer.
About = tuple[str, ...]
SELF: About = ("",)


def _p(key: str) -> re.Pattern[str]:
    return pattern("people", key)


@cache
def _relations() -> dict[str, str]:
    return {word: relation for relation, words in read_patterns("people")["relations"].items() for word in words}


@cache
def _kin() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _relations()), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class _Mention:
    """From `start` on the text is about somebody; `served`: something is bought or done for them."""

    start: int
    about: About
    served: bool = False


class People:
    """Who a text speaks of, place by place."""

    def __init__(self, flat: str) -> None:
        self._mentions = _mentions(flat)

    def at(self, end: int) -> About:
        """Whom words that end at a place describe: whoever was last made the subject before it."""
        about = SELF
        for mention in self._mentions:
            if mention.start >= end:
                break
            about = mention.about
        return about

    def acts(self, begin: int, end: int) -> bool:
        """Whether somebody else is the one who acts in [begin, end)."""
        here = [mention for mention in self._mentions if begin <= mention.start < end]
        return bool(here) and "" not in here[-1].about and not here[-1].served

    def child_at(self, end: int) -> str:
        """The child last spoken of before a place; empty when none was."""
        children = read_patterns("people")["child"]
        named = [m.about[-1] for m in self._mentions if m.start < end and m.about[-1] in children]
        return named[-1] if named else ""


def _mentions(flat: str) -> list[_Mention]:
    """Changes of the subject, in order."""
    found: list[tuple[int, int, str]] = []
    for mention in _kin().finditer(flat):
        found.append((mention.start(), mention.end(), _relations()[mention[0]]))
    for key in ("self", "both", "pronoun"):
        found += [
            (mention.end() - 1 if key == "both" else mention.start(), mention.end(), key)
            for mention in _p(key).finditer(flat)
        ]
    mentions: list[_Mention] = []
    known = ""
    taken = 0
    for start, end, who in sorted(found, key=lambda item: (item[0], -item[1])):
        if start < taken and who == "self":
            continue
        taken = max(taken, end)
        if who == "self":
            if not _p("object_only").search(flat, 0, start):
                mentions.append(_Mention(start, SELF))
        elif who == "both":
            mentions.append(_Mention(start, ("", known) if known else SELF))
        elif who == "pronoun":
            mentions.append(_Mention(start, (known or "其他",)))
        elif who and _is_somebody(flat, start, end):
            known = who
            if not _p("not_subject_after").search(flat[end : end + 12]) and not _beside(flat, start):
                mentions.append(_Mention(start, (who,), bool(_p("served").search(_unowned(flat, start)))))
    return mentions


def _is_somebody(flat: str, start: int, end: int) -> bool:
    """Not a way to address the reader."""
    if flat[start:end] not in read_patterns("people")["needs_owner"] or _p("owner").search(flat, 0, start):
        return True
    return not flat[:start][-1:].isalnum() and bool(_p("described_after").match(flat, end))


def _beside(flat: str, start: int) -> bool:
    """Only compared with, or named beside somebody: not the subject."""
    return bool(_p("not_subject_before").search(_unowned(flat, start)))


def _unowned(flat: str, start: int) -> str:
    """What stands before a person and whose the person is: 给 before 我妈."""
    return _p("owned").sub("", flat[:start])

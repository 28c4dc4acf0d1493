"""Advertising and orders to the machine: messages that say nothing of their writer. Words: lexicons/spam.yaml."""

from keywords.finding.patterns import pattern, patterns

#: So many weak signs together are as good as one strong sign.
_WEAK_SIGNS = 2
#: Weak signs in a message that has none of a customer's own needs: 3 are asked where the writer speaks of 我.
_WEAK_SIGNS_OF_SELF = 3


def is_spam(flat: str) -> bool:
    """Whether a folded text gives no tag, whatever words it holds (labelling rule 8)."""
    if any(sign.search(flat) for sign in patterns("spam", "strong")):  # one by one is faster than as one
        return True
    signs = sum(bool(sign.search(flat)) for sign in patterns("spam", "weak"))
    return signs >= (_WEAK_SIGNS_OF_SELF if pattern("clause", "own").search(flat) else _WEAK_SIGNS)

"""A rule of ours said no."""


class Refused(Exception):
    """What was asked is not allowed; `reason` says why, in words for the person who asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

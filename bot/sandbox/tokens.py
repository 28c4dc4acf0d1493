"""access_token: one per (corp, app secret), the same until it expires (91039)."""

import secrets
from dataclasses import dataclass

from bot.sandbox.model import App
from bot.sandbox.refusal import Refusal
from bot.sandbox.rules import Rules

WRONG_SECRET_BAN_S = 3600  # a wrong secret again and again bans the address for an hour (90313)
REMEMBERED = 1000


@dataclass
class _Grant:
    app: App
    token: str
    expires_at: float


class Tokens:
    """Issues and checks tokens. Not thread safe: used under the world's lock."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._current: dict[int, _Grant] = {}
        self._by_token: dict[str, _Grant] = {}
        self._wrong: dict[str, list[float]] = {}
        self.issued = 0

    def issue(self, app: App, now: float) -> tuple[str, int]:
        """The app's token and the seconds it still lives. A new one only after the old has expired."""
        grant = self._current.get(app.agentid)
        if grant is None or now >= grant.expires_at:
            grant = _Grant(app, secrets.token_urlsafe(160), now + self._rules.token_lifetime_s)
            self._current[app.agentid] = self._by_token[grant.token] = grant
            self.issued += 1
            while len(self._by_token) > REMEMBERED:
                del self._by_token[next(iter(self._by_token))]
        return grant.token, int(grant.expires_at - now)

    def app_of(self, token: str, now: float) -> App:
        """The app a token speaks for. Raises Refusal 41001, 40014 or 42001."""
        if not token:
            raise Refusal(41001, "access_token missing")
        grant = self._by_token.get(token)
        if grant is None:
            raise Refusal(40014, "invalid access_token")
        if now >= grant.expires_at:
            raise Refusal(42001, "access_token expired")
        return grant.app

    def expire(self, app: App, now: float) -> None:
        """Let the app's token die early: it answers 42001 from now on."""
        grant = self._current.pop(app.agentid, None)
        if grant is not None:
            grant.expires_at = min(grant.expires_at, now)

    def forget(self, app: App) -> None:
        """Make the app's token unknown: it answers 40014 from now on."""
        grant = self._current.pop(app.agentid, None)
        if grant is not None:
            del self._by_token[grant.token]

    def check_ban(self, ip: str, now: float) -> None:
        """Raises Refusal 45009 while `ip` is banned for too many wrong secrets."""
        wrong = self._wrong[ip] = [at for at in self._wrong.get(ip, []) if now - at < WRONG_SECRET_BAN_S]
        if len(wrong) >= self._rules.wrong_secret_limit:
            raise Refusal(45009, "reach max api daily quota limit")

    def note_wrong_secret(self, ip: str, now: float) -> None:
        self._wrong.setdefault(ip, []).append(now)

"""The API below /cgi-bin/, one module per family; ROUTES is the whole of it."""

from bot.sandbox.call import Route
from bot.sandbox.qyapi import base, kf, message

ROUTES: dict[str, Route] = {**base.ROUTES, **message.ROUTES, **kf.ROUTES}

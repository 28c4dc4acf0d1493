"""The API below /cgi-bin/, one module per family; ROUTES is the whole of it."""

from bot.sandbox.call import Route
from bot.sandbox.qyapi import (
    aibot,
    appchat,
    base,
    contact,
    groups,
    kf,
    kf_accounts,
    kf_sync,
    mass,
    media,
    message,
    tags,
    ways,
    webhook,
)

_FAMILIES = (base, message, appchat, webhook, media, kf, kf_sync, kf_accounts, contact, tags, ways, groups, mass, aibot)

ROUTES: dict[str, Route] = {api: route for family in _FAMILIES for api, route in family.ROUTES.items()}

"""All tables in one place, for migrations and for a fresh database."""

from storage import (
    accounts,
    contacts,
    conversations,
    groups,
    handoff,
    inbox,
    messages,
    outbox,
    pauses,
    posts,
    tags,
)
from storage.base import Base

__all__ = [
    "Base",
    "accounts",
    "contacts",
    "conversations",
    "groups",
    "handoff",
    "inbox",
    "messages",
    "outbox",
    "pauses",
    "posts",
    "tags",
]

"""All tables in one place, for migrations and for a fresh database."""

from storage import (
    accounts,
    contacts,
    conversations,
    corp_tags,
    groups,
    handoff,
    inbox,
    judgments,
    messages,
    model_calls,
    outbox,
    pauses,
    posts,
    questions,
    tags,
    traits,
)
from storage.base import Base

__all__ = [
    "Base",
    "accounts",
    "contacts",
    "conversations",
    "corp_tags",
    "groups",
    "handoff",
    "inbox",
    "judgments",
    "messages",
    "model_calls",
    "outbox",
    "pauses",
    "posts",
    "questions",
    "tags",
    "traits",
]

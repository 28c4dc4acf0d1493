"""Alembic's entry: runs the migrations on the database that the configuration names."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine

from storage.base import Instant
from storage.schema import Base

config = context.config


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration stands alone: an Instant is written as the whole number it is."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def run() -> None:
    """Migrate online, in one transaction."""
    engine = create_engine(config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()

"""Alembic's environment: runs on the connection that matcher.store.migrate hands it."""

from alembic import context

from matcher.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()

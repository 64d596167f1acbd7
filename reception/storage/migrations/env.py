"""Run by Alembic: applies the revisions on the connection `reception.storage.schema` opened."""

from alembic import context

from reception.storage.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
)
context.run_migrations()

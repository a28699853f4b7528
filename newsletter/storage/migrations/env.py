"""Alembic's entry: run the migrations inside the transaction that newsletter.storage.database opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite cannot alter a column in place: Alembic copies the table instead.
    render_as_batch=True,
    # One transaction for all steps: a half-done upgrade leaves nothing behind, on SQLite too.
    transaction_per_migration=False,
)
context.run_migrations()

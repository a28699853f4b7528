"""The one history of the schema, of both wings, for SQLite and PostgreSQL."""

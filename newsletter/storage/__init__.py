"""The database: opening it, tables, migrations, retrying, copying."""

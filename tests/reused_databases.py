"""Databases of the test server that are used again: emptied after a test, and dropped when more than rows changed.

A copy of the template takes a tenth of a second to make and to drop, emptying one takes a hundredth (measured).
"""

from __future__ import annotations

import secrets
import time

import psycopg
from psycopg import sql
from sqlalchemy import make_url

# Everything about the schema that a test could change: tables, columns, rights, constraints, triggers, functions,
# settings of the database, what ANALYZE found. Equal before and after: only rows have changed.
_SHAPE = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
  SELECT concat('class ', c.oid, c.relname, c.relkind, c.relnatts, c.relchecks, c.relowner, c.relacl::text,
                c.reloptions::text) AS line
    FROM pg_class c WHERE c.oid >= 16384 AND c.relkind <> 't'
  UNION ALL
  SELECT concat('column ', a.attrelid, a.attname, a.atttypid, a.attnotnull, a.attacl::text)
    FROM pg_attribute a WHERE a.attrelid >= 16384 AND a.attnum > 0
  UNION ALL SELECT concat('default ', oid, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
  UNION ALL SELECT concat('constraint ', oid, convalidated) FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT concat('trigger ', oid, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat('function ', oid, prosrc) FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT concat('schema ', oid, nspname, nspacl::text) FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT concat('statistic ', starelid, staattnum) FROM pg_statistic WHERE starelid >= 16384
  UNION ALL SELECT concat('setting ', s.setrole, s.setconfig::text) FROM pg_db_role_setting s
    JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()
  UNION ALL SELECT concat('database ', datname, datacl::text, datallowconn, datconnlimit) FROM pg_database
    WHERE datname = current_database()
) every
"""
# Triggers of foreign keys sleep meanwhile, so the order is nobody's business. Large ones are not worth it.
_EMPTY = """
DO $$
DECLARE one record; there boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
             AND relname NOT IN ('alembic_version') LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', one.relname) INTO there;
    IF there THEN EXECUTE format('DELETE FROM public.%I', one.relname); END IF;
  END LOOP;
  FOR one IN SELECT sequencename, start_value FROM pg_sequences
             WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(format('public.%I', one.sequencename)::regclass, one.start_value, false);
  END LOOP;
END $$
"""
_ALONE = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()"
_LARGE = "SELECT sum(pg_relation_size(oid)) > 4000000 FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'i', 't')"
_KEPT = "SELECT array_agg(version_num::text) FROM alembic_version"


class DatabasePool:
    """Copies of a template on one server, for one process.

    Args:
        server: URL of any database of the server.
        template: Name of the database that is copied; only ``alembic_version`` has rows.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[tuple[str, object]] = []

    def take(self) -> tuple[str, object]:
        """A database with the tables and nothing in them: its name, and its mark to give it back with."""
        if self._free:
            return self._free.pop()
        name = f"test_{secrets.token_hex(8)}"
        with self._connected("postgres") as connection:
            # The files as they are: a third faster than through the log.
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY = FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(self._template)
                )
            )
        with self._connected(name) as connection:
            return name, self._mark(connection)

    def give_back(self, name: str, mark: object) -> None:
        """Empty a database for the next test, or drop it."""
        try:
            reusable = self._emptied(name, mark)
        except psycopg.Error:
            reusable = False
        if reusable:
            self._free.append((name, mark))
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        with self._connected("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _emptied(self, name: str, mark: object) -> bool:
        with self._connected(name) as connection:
            # A connection that was closed a moment ago may still be seen.
            for _ in range(10):
                if self._one(connection, _ALONE):
                    break
                time.sleep(0.01)
            else:
                return False
            if self._one(connection, _LARGE) or self._mark(connection) != mark:
                return False
            connection.execute(_EMPTY)
            return True

    def _mark(self, connection: psycopg.Connection[tuple[object, ...]]) -> object:
        return self._one(connection, _SHAPE), self._one(connection, _KEPT)

    def _connected(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        url = make_url(self._server).set(drivername="postgresql", database=name)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    @staticmethod
    def _one(connection: psycopg.Connection[tuple[object, ...]], question: str) -> object:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]

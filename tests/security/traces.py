"""Whether a text was left anywhere: in a table of the database, or in a line of the log."""

import io
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from sentinel.core.card_numbers import contains_card_number
from sentinel.ops.log_format import formatter

_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_BYTES = """
    SELECT format('%I.%I', table_schema, table_name), quote_ident(column_name) FROM information_schema.columns
    WHERE data_type = 'bytea' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
# A cheap first look; what it finds is compared without separators.
_ROW = """
    SELECT '{table}', EXISTS (SELECT FROM {table} t WHERE t::text LIKE %(like)s
    AND regexp_replace(t::text, '[ ._/-]', '', 'g') LIKE %(digits)s)
"""
_COLUMN = "SELECT '{table}.{column}', EXISTS (SELECT FROM {table} WHERE position(%(bytes)s::bytea IN {column}) > 0)"


def new_card_number() -> str:
    """One that no other test has written."""
    begun = f"4{secrets.randbelow(10**14):014d}"
    return next(f"{begun}{last}" for last in range(10) if contains_card_number(f"{begun}{last}"))


def spellings(number: str) -> list[str]:
    """As people and machines write it."""
    groups = [number[place : place + 4] for place in range(0, 16, 4)]
    return [number, "-".join(groups), " ".join(groups), f"paid with {' '.join(groups)} on Monday"]


def tables_with(number: str) -> list[str]:
    """The tables with a row that holds these digits, whatever stands between them."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        looks = [_ROW.format(table=name) for (name,) in cursor.fetchall()]
        cursor.execute(_BYTES)
        looks += [_COLUMN.format(table=name, column=column) for name, column in cursor.fetchall()]
        like = "%".join(["", *number, ""])
        cursor.execute(" UNION ALL ".join(looks), {"like": like, "digits": f"%{number}%", "bytes": number.encode()})
        return [name for name, is_found in cursor.fetchall() if is_found]


@contextmanager
def log_as_it_is_written(log_format: str = "json") -> Iterator[io.StringIO]:
    """What processes write to their log meanwhile."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter(log_format))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield written
    finally:
        root.removeHandler(handler)

import traceback

import psycopg


def kind_and_place(error: Exception) -> str:
    """For the log: what kind of error it was and where, without its words, which may hold a customer's data."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    kind = type(error).__name__
    if isinstance(cause, psycopg.Error):
        kind = " ".join(filter(None, [kind, cause.sqlstate, cause.diag.constraint_name]))
    return f"{kind}\n{''.join(traceback.format_tb(error.__traceback__))}"

"""After each migration: partitions exist, and the runtime role may do what it needs and no more."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ledger.services.partitions import partitions_make

_VIEWS = ("ledger_transactionstatus",)


def grant_runtime_rights(**_: Any) -> None:
    """Insert-only tables may be read and added to, work tables changed; nothing may be truncated or altered."""
    partitions_make(now=timezone.now())
    user = str(settings.RUNTIME_DATABASE_USER)
    role = connection.ops.quote_name(user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = %s", [user])
        if cursor.fetchone()[0]:
            return
        existing = set(connection.introspection.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            if model._meta.db_table in existing:
                rights = (
                    "SELECT, INSERT" if getattr(model, "insert_only", False) else "SELECT, INSERT, UPDATE, DELETE"
                )
                cursor.execute(f"GRANT {rights} ON {connection.ops.quote_name(model._meta.db_table)} TO {role}")
        for view in (*_VIEWS, "django_migrations"):
            cursor.execute(f"GRANT SELECT ON {view} TO {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")

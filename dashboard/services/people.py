"""What administrators of people do, kept in the audit."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from dashboard.services.sessions import sessions_of_person_end
from ledger.services.audit import audit_record


def person_told(*, person: User, action: str, changed: list[str], actor: str, now: datetime) -> None:
    """What was changed by name, and how the person stands afterwards. Never a password.

    Whoever may not come in any more is logged out everywhere.
    """
    details: dict[str, Any] = {
        "changed": changed,
        "groups": sorted(person.groups.values_list("name", flat=True)),
        "active": person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
    }
    if not (person.is_active and person.is_staff):
        sessions_of_person_end(user=person, actor=actor, now=now)
    audit_record(actor=actor, action=action, subject=f"person {person.get_username()}", details=details, now=now)

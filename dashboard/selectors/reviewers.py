"""Who works cases."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def reviewers() -> QuerySet[User]:
    """Active people who may work cases, by group or by name. Those who may do everything work none."""
    found: QuerySet[User] = User.objects.with_perm("ledger.work_case", backend=_BACKEND, include_superusers=False)
    return found.filter(is_staff=True).order_by("username")

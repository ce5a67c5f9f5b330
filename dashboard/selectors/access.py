"""Who may do what, for those who review it."""

from collections.abc import Iterator

from django.contrib.auth.models import Permission, User
from django.db.models import Count
from django_otp.plugins.otp_totp.models import TOTPDevice

from sentinel.core.csv_files import safe_row

PEOPLE_MAX = 10_000
COLUMNS = (
    "username",
    "name",
    "email",
    "active",
    "staff",
    "superuser",
    "groups",
    "permissions",
    "last_log_in",
    "second_factor_since",
    "sessions",
)


def access_rows() -> Iterator[tuple[str, ...]]:
    """One for each person, cells safe for a spreadsheet. Permissions are those of the groups and of their own."""
    people = User.objects.prefetch_related(
        "groups__permissions__content_type", "user_permissions__content_type"
    ).annotate(session_count=Count("sessions"))
    since = dict(TOTPDevice.objects.filter(confirmed=True).values_list("user_id", "created_at"))
    for person in people.order_by("username")[:PEOPLE_MAX]:
        device_at = since.get(person.pk)
        yield safe_row(
            person.get_username(),
            person.get_full_name(),
            person.email,
            _word(person.is_active),
            _word(person.is_staff),
            _word(person.is_superuser),
            " ".join(sorted(group.name.replace(" ", "_") for group in person.groups.all())),
            "all" if person.is_superuser else " ".join(_permissions(person)),
            person.last_login.isoformat() if person.last_login else "never",
            device_at.isoformat() if device_at else "none",
            str(person.session_count),
        )


def _permissions(person: User) -> list[str]:
    given = {each for group in person.groups.all() for each in group.permissions.all()}
    return sorted(map(_name, given | set(person.user_permissions.all())))


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"


def _word(value: bool) -> str:
    return "yes" if value else "no"

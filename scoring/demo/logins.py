"""People who work at the demo bank, and what each group of them may do in the Admin."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

# No letters that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Login:
    role: str
    username: str
    group: str | None  # None: may do everything
    first_name: str
    last_name: str


LOGINS = (
    Login("administrator", "admin", None, "Asha", "Admin"),
    Login("risk analyst", "analyst", "Analyst", "Ravi", "Kulkarni"),
    Login("approver", "approver", "Approver", "Sunita", "Rao"),
    Login("reviewer", "reviewer", "Reviewer", "Maya", "Fernandes"),
    Login("operator", "operator", "Operator", "Omar", "Qureshi"),
    Login("viewer", "viewer", "Read-only", "Vera", "Lindqvist"),
)

_RECORD = Q(content_type__app_label="ledger", codename__startswith="view_")
_PERSONAL = Q(codename="view_personaldetail")
_RULES = Q(content_type__app_label="rules", codename__startswith="view_")
_MODELS = Q(content_type__app_label="scoring", codename__startswith="view_")
_CLIENTS = Q(content_type__app_label="api", codename__startswith="view_")
_TASKS = Q(content_type__app_label="django_celery_results", codename__startswith="view_")


def _named(*codenames: str) -> Q:
    return Q(codename__in=codenames)


_SEES = (_RECORD & ~_PERSONAL) | _RULES | _MODELS
_WRITES_RULES = _named("add_rule", "change_rule", "add_list", "change_list", "add_listitem", "change_listitem")
# The group and the permissions it has; those of models that do not exist yet are not missed.
GROUPS = {
    "Analyst": _SEES | _WRITES_RULES,
    "Approver": _SEES | _WRITES_RULES | _named("publish_rule", "add_policyversion"),
    "Reviewer": _SEES | _PERSONAL | _named("resolve_hold", "freeze_account", "add_label"),
    "Operator": _SEES
    | _CLIENTS
    | _TASKS
    | _named("add_account", "change_account", "freeze_account", "add_accountgrant", "delete_accountgrant")
    | _named("add_gatewayclient", "change_gatewayclient", "add_apikey", "change_apikey", "change_modelversion"),
    "Read-only": _SEES,
}


def groups_ensure() -> None:
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(permissions).exclude(group=group))


def logins_ensure(known: list[dict[str, str]]) -> list[dict[str, str]]:
    """Role, username and password of everybody; whoever is missing in `known` or in the database gets a new password.

    Call after groups_ensure.
    """
    passwords = {login["username"]: login["password"] for login in known}
    existing = set(User.objects.filter(username__in=passwords).values_list("username", flat=True))
    shown = []
    for login in LOGINS:
        password = passwords[login.username] if login.username in existing else _login_make(login)
        shown.append({"role": login.role, "username": login.username, "password": password})
    return shown


def _login_make(login: Login) -> str:
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    user, _ = User.objects.get_or_create(username=login.username)
    user.first_name, user.last_name = login.first_name, login.last_name
    user.is_staff, user.is_superuser = True, login.group is None
    user.set_password(password)
    user.save()
    if login.group is not None:
        user.groups.add(Group.objects.get(name=login.group))
    return password

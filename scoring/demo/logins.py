"""People who work at the demo bank."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Group, User

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

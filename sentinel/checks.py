"""System checks: combinations of settings that must not start."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

MIN_SECRET_LENGTH = 50


@register()
def secret_key_is_strong(**_: Any) -> list[Error]:
    if len(settings.SECRET_KEY) >= MIN_SECRET_LENGTH:
        return []
    return [
        Error(
            f"SENTINEL_SECRET_KEY has fewer than {MIN_SECRET_LENGTH} characters.",
            hint="Set it to a long random value, or let `python3 manage.py up` make one.",
            id="sentinel.E001",
        )
    ]


@register()
def production_is_closed(**_: Any) -> list[Error]:
    errors = []
    if settings.DEBUG and not settings.DEVELOPMENT:
        errors.append(Error("SENTINEL_DEBUG is on outside development.", hint="Set it to false.", id="sentinel.E002"))
    if "*" in settings.ALLOWED_HOSTS and not settings.DEVELOPMENT:
        errors.append(
            Error(
                "SENTINEL_ALLOWED_HOSTS accepts every host.",
                hint="Name the hosts that serve this API.",
                id="sentinel.E003",
            )
        )
    return errors


@register()
def mails_reach_people(**_: Any) -> list[Error]:
    if settings.DEVELOPMENT:
        return []
    errors = []
    if settings.EMAIL_BACKEND.endswith("dummy.EmailBackend"):
        hint = "Name a mail server, such as smtp+tls://user:password@host:587, or `console:` for the log."
        errors.append(Error("SENTINEL_EMAIL_URL is not set: alerts reach nobody.", hint=hint, id="sentinel.E004"))
    if not settings.PUBLIC_URL.startswith("https://"):
        hint = "Links in mails begin with it: https://sentinel.bank.example."
        errors.append(Error("SENTINEL_PUBLIC_URL is not an https address.", hint=hint, id="sentinel.E005"))
    return errors

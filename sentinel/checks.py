"""System checks: combinations of settings that must not start."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import ERROR, Error, register, run_checks
from django.core.exceptions import ImproperlyConfigured

from dashboard.domain.system_figures import FIGURES
from sentinel import tls

OURS = "sentinel"  # the tag of the checks that refuse a start
MIN_SECRET_LENGTH = 50
MIN_KEY_LENGTH = 32  # of a key beside the secret key: shorter ones weaken the HMAC that they are for
MIN_UNLIKE_CHARACTERS = 10
# What examples and templates are filled with.
PLACEHOLDERS = ("change-me", "changeme", "change_me", "insecure", "example", "placeholder", "for-lints-only")


@register(OURS)
def secret_key_is_strong(**_: Any) -> list[Error]:
    if len(settings.SECRET_KEY) >= MIN_SECRET_LENGTH:
        is_refused = not settings.DEVELOPMENT and _is_guessable(settings.SECRET_KEY)
        return [_key_refused("SENTINEL_SECRET_KEY", "sentinel.E001")] if is_refused else []
    return [
        Error(
            f"SENTINEL_SECRET_KEY has fewer than {MIN_SECRET_LENGTH} characters.",
            hint="Set it to a long random value, or let `python3 manage.py up` make one.",
            id="sentinel.E001",
        )
    ]


@register(OURS)
def other_keys_are_strong(**_: Any) -> list[Error]:
    """Those that are set beside the secret key, and those that are that key."""
    keys: dict[str, list[Any]] = {
        "SENTINEL_JWT_KEY": [settings.SIMPLE_JWT["SIGNING_KEY"]],
        "SENTINEL_API_KEY_PEPPER": [settings.API_KEY_PEPPER],
        "SENTINEL_ENCRYPTION_KEYS": settings.ENCRYPTION_KEYS,
    }
    weak = [name for name, values in keys.items() if any(map(_is_guessable, values))]
    return [] if settings.DEVELOPMENT else [_key_refused(name, "sentinel.E007") for name in weak]


def _is_guessable(key: str) -> bool:
    is_uniform = len(key) < MIN_KEY_LENGTH or len(set(key)) < MIN_UNLIKE_CHARACTERS
    return is_uniform or any(word in key.lower() for word in PLACEHOLDERS)


def _key_refused(name: str, check_id: str) -> Error:
    return Error(f"{name} is short or a placeholder.", hint="Set it to a long random value.", id=check_id)


@register(OURS)
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


@register(OURS)
def addresses_are_believed(**_: Any) -> list[checks.Warning]:
    if settings.DEVELOPMENT or "*" not in settings.TRUSTED_PROXIES:
        return []
    return [
        checks.Warning(
            "FORWARDED_ALLOW_IPS believes everybody: who reaches the port may call from any network.",
            hint="Name the addresses of the proxies.",
            id="sentinel.W001",
        )
    ]


@register(OURS)
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


@register(OURS)
def limits_are_of_figures(**_: Any) -> list[Error]:
    unknown = sorted(set(settings.MONITORING_LIMITS) - FIGURES.keys())
    if not unknown:
        return []
    hint = f"Known are {', '.join(FIGURES)}."
    return [Error(f"SENTINEL_MONITORING_LIMITS names {unknown[0]}.", hint=hint, id="sentinel.E006")]


@register(OURS)
def lines_are_private(**_: Any) -> list[Error]:
    """Outside development passwords and payments cross no wire in the clear, nor to whoever answers first."""
    if settings.DEVELOPMENT:
        return []
    databases = [settings.RUNTIME_DATABASE_TLS, settings.DATABASES["default"].get("OPTIONS", {})]
    plain = tls.plain_lines(databases, settings.REDIS_URL, settings.CELERY_BROKER_URL) - settings.PLAIN_LINES
    return [Error(*_WORDS_OF_LINES[line], id=f"sentinel.E02{tls.LINES.index(line)}") for line in sorted(plain)]


_EXCEPTION = "A line that leaves no machine may be named in SENTINEL_PLAIN_LINES."
_WORDS_OF_LINES = {
    "database": (
        "The line to PostgreSQL is without TLS, or believes any certificate.",
        f"End DATABASE_URL and DATABASE_OWNER_URL with ?sslmode=verify-full. {_EXCEPTION}",
    ),
    "redis": (
        "The line to Redis is without TLS, or believes any certificate.",
        f"Let REDIS_URL begin with rediss://, and name its authority in SENTINEL_CA_FILE. {_EXCEPTION}",
    ),
    "broker": (
        "The line to the broker is without TLS, or believes any certificate.",
        f"Let BROKER_URL begin with amqps://, and name its authority in SENTINEL_CA_FILE. {_EXCEPTION}",
    ),
}


def refuse_unfit() -> None:
    """For processes that manage.py does not start, and so does not check. Errors: ImproperlyConfigured."""
    errors = [each for each in run_checks(tags=[OURS]) if each.level >= ERROR and not each.is_silenced()]
    if errors:
        raise ImproperlyConfigured(" ".join(f"{each.msg} {each.hint or ''}".strip() for each in errors))

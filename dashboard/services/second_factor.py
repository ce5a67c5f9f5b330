"""The second factor of people: a code of their authenticator app, or one of the recovery codes, after the password.

django-otp keeps the devices, refuses a code that was used, and slows down guessing. A check holds the device's row.
"""

import secrets
from datetime import datetime
from typing import Any, TypeAlias

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.util import random_hex

from dashboard.errors import CodeRefused
from dashboard.models import AuthenticatorApp
from dashboard.services.sessions import sessions_of_person_end
from ledger.services.audit import audit_record
from rules.services.alarms import alarm_raise
from sentinel.ops.secret_box import SECOND_FACTORS, secret_decrypt, secret_encrypt, secret_is_current

RECOVERY_CODES = 10
# No letters that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME = "authenticator app"
_KEY_BYTES = 20

Device: TypeAlias = Any  # a AuthenticatorApp or a StaticDevice, which have no types


def device_of(user: User) -> AuthenticatorApp | None:
    """The app that was confirmed by a code."""
    device: AuthenticatorApp | None = AuthenticatorApp.objects.filter(user=user, confirmed=True).first()
    return device


def recovery_codes_left(user: User) -> int:
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=user))


@transaction.atomic
def enrolment_begin(*, user: User) -> AuthenticatorApp:
    """A key that counts for nothing until a code confirms it; the same until then, however often it is looked at."""
    User.objects.select_for_update().get(pk=user.pk)
    device: AuthenticatorApp
    device, _ = AuthenticatorApp.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": _NAME, "key": _key_store(random_hex(_KEY_BYTES))}
    )
    return device


def enrolment_confirm(*, user: User, code: str, now: datetime) -> tuple[AuthenticatorApp, list[str]]:
    """The device, in use from now on, and the recovery codes in clear, this once. Errors: CodeRefused."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        device = AuthenticatorApp.objects.select_for_update().filter(user=user, confirmed=False).first()
        is_right = device is not None and device_of(user) is None and device.verify_token(_digits(code))
        if device is not None and is_right:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            codes = _codes_make(user)
            _tell(user, "second_factor.enrolled", actor=user.get_username(), now=now)
            return device, codes
    raise CodeRefused(_words(device))


def code_check(*, user: User, code: str) -> Device:
    """The device that accepts the code; a recovery code is used up. Errors: CodeRefused."""
    digits = _digits(code)
    model = AuthenticatorApp if len(digits) == 6 and digits.isdecimal() else StaticDevice
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is not None and device.verify_token(digits if model is AuthenticatorApp else _digest(code)):
            return device
    raise CodeRefused(_words(device))


def recovery_codes_renew(*, user: User, code: str, now: datetime) -> list[str]:
    """Ten new ones in the place of all before. Errors: CodeRefused."""
    code_check(user=user, code=code)
    with transaction.atomic():
        codes = _codes_make(user)
        _tell(user, "second_factor.codes_renewed", actor=user.get_username(), now=now)
    return codes


@transaction.atomic
def second_factors_reencrypt() -> int:
    """Under the first key; how many were under another. Errors: InvalidToken, and nothing was changed."""
    changed = 0
    for device in AuthenticatorApp.objects.select_for_update().order_by("pk"):
        kept = device.key.encode()
        if not secret_is_current(kept, purpose=SECOND_FACTORS):
            device.key = _key_store(secret_decrypt(kept, purpose=SECOND_FACTORS))
            device.save(update_fields=["key"])
            changed += 1
    return changed


@transaction.atomic
def second_factor_reset(*, user: User, actor: str, note: str, now: datetime) -> None:
    """They set it up anew; by somebody else, so an alarm tells of it."""
    AuthenticatorApp.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    sessions_of_person_end(user=user, actor=actor, now=now)
    _tell(user, "second_factor.reset", actor=actor, now=now, note=note)
    words = f"{actor} reset the second factor of {user.get_username()}: {note}"
    alarm_raise(kind="system.second_factor_reset", subject=user.get_username()[:100], words=words, now=now)


def _key_store(key: str) -> str:
    return secret_encrypt(key, purpose=SECOND_FACTORS).decode()


def _codes_make(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]
    for code in codes:
        device.token_set.create(token=_digest(code))
    return codes


def _digest(code: str) -> str:
    """What is kept of a recovery code: 64 bits under the secret key, of about 50 that the code has."""
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    return salted_hmac("dashboard.recovery_code", plain, algorithm="sha256").hexdigest()[:16]


def _digits(code: str) -> str:
    return code.replace(" ", "")


def _words(device: Device) -> str:
    if device is not None:
        may_try, told = device.verify_is_allowed()
        if not may_try and told and told.get("locked_until"):
            return "The code is not right, or was used already. Wait for the next one before you try again."
    return "The code is not right, or was used already."


def _tell(user: User, action: str, *, actor: str, now: datetime, **details: str) -> None:
    audit_record(actor=actor, action=action, subject=f"person {user.get_username()}", details=details, now=now)

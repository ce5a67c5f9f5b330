"""The second factor: set up, asked for, refused, used up, reset."""

import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken

from dashboard.models import AuthenticatorApp
from dashboard.services.second_factor import enrolment_begin, enrolment_confirm
from ledger.models import AuditEntry
from rules.models import Alarm

INDEX, LOG_IN, CODE = reverse("admin:index"), reverse("admin:login"), reverse("admin:log_in_code")
SECOND_FACTOR, PEOPLE = reverse("admin:second_factor"), reverse("admin:auth_user_changelist")
PASSWORD = "a long password for tests"
REFUSED = "The code is not right, or was used already."


@pytest.fixture(autouse=True)
def surroundings(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.OTP_TOTP_THROTTLE_FACTOR = settings.OTP_STATIC_THROTTLE_FACTOR = 0


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR = "required"


@pytest.fixture
def ravi(db) -> User:
    return User.objects.create_user("ravi", password=PASSWORD, is_staff=True)


@pytest.fixture
def codes(ravi) -> list[str]:
    """The recovery codes of Ravi, who has just set up his app; the code of this half minute may still be used."""
    device = enrolment_begin(user=ravi)
    _, codes = enrolment_confirm(user=ravi, code=code_of(device), now=device.created_at)
    AuthenticatorApp.objects.update(last_t=-1)
    return codes


def code_of(device: AuthenticatorApp, later: int = 0) -> str:
    return f"{totp(device.bin_key, t0=-30 * later):06d}"


def password_given(client: Client | None = None, path: str = LOG_IN) -> Client:
    client = client or Client()
    client.post(path, {"username": "ravi", "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def test_a_code_of_the_app_turns_it_on_and_shows_recovery_codes_once(ravi):
    client = password_given()
    page = client.get(SECOND_FACTOR).content.decode()
    assert '<svg width="' in page

    shown = client.post(SECOND_FACTOR, {"code": code_of(AuthenticatorApp.objects.get())})
    assert len(shown.context["codes"]) == len(set(shown.context["codes"])) == 10
    assert AuthenticatorApp.objects.get().confirmed
    assert shown.context["codes"][0] not in client.get(SECOND_FACTOR).content.decode()
    assert AuditEntry.objects.filter(action="second_factor.enrolled", subject="person ravi").exists()


def test_a_wrong_code_turns_nothing_on(ravi):
    client = password_given()
    client.get(SECOND_FACTOR)
    page = client.post(SECOND_FACTOR, {"code": "000000"}).content.decode()

    assert REFUSED in page
    assert not AuthenticatorApp.objects.get().confirmed


def test_the_key_stays_the_same_until_it_is_confirmed(ravi):
    client = password_given()
    keys = {client.get(SECOND_FACTOR).context["key"] for _ in range(2)}

    assert len(keys) == 1


def test_the_log_in_asks_for_the_code_after_the_password(ravi, codes):
    client = password_given()
    assert not is_in(client)

    answer = client.post(CODE, {"code": code_of(AuthenticatorApp.objects.get())})
    assert answer.headers["Location"] == INDEX
    assert is_in(client)


def test_it_leads_where_the_person_wanted_to_go_and_nowhere_else(ravi, codes):
    for wanted, led in ((PEOPLE, PEOPLE), ("https://evil.example/", INDEX)):
        client = Client()
        answer = client.post(LOG_IN, {"username": "ravi", "password": PASSWORD, "next": wanted})
        AuthenticatorApp.objects.update(last_t=-1)

        assert (
            client.post(answer.headers["Location"], {"code": code_of(AuthenticatorApp.objects.get())}).headers[
                "Location"
            ]
            == led
        )


def test_without_the_password_there_is_no_second_step(ravi, codes):
    answer = Client().post(CODE, {"code": code_of(AuthenticatorApp.objects.get())})

    assert answer.headers["Location"] == LOG_IN


def test_a_code_works_once(ravi, codes):
    code = code_of(AuthenticatorApp.objects.get())
    assert is_in_by(code)

    client = password_given()
    assert REFUSED in client.post(CODE, {"code": code}).content.decode()
    assert not is_in(client)


def is_in_by(code: str) -> bool:
    client = password_given()
    client.post(CODE, {"code": code})
    return is_in(client)


def test_a_recovery_code_works_once_however_it_is_typed(ravi, codes):
    assert is_in_by(codes[0].replace("-", " ").upper())
    assert not is_in_by(codes[0])
    assert is_in_by(codes[1])


def test_recovery_codes_are_not_kept_in_clear(ravi, codes):
    kept = set(StaticToken.objects.values_list("token", flat=True))

    assert len(kept) == 10
    assert kept.isdisjoint(codes)


def test_new_recovery_codes_cost_a_code_and_end_the_old(ravi, codes):
    client = password_given()
    client.post(CODE, {"code": codes[0]})
    assert REFUSED in client.post(SECOND_FACTOR, {"code": "000000"}).content.decode()

    new = client.post(SECOND_FACTOR, {"code": code_of(AuthenticatorApp.objects.get())}).context["codes"]
    assert not is_in_by(codes[1])
    assert is_in_by(new[0])


def test_wrong_codes_lock_like_wrong_passwords(ravi, codes):
    client = password_given()
    for _ in range(5):
        client.post(CODE, {"code": "000000"})

    page = client.post(CODE, {"code": code_of(AuthenticatorApp.objects.get())}).content.decode()
    assert "Too many log-ins have failed" in page
    assert not is_in(client)


def test_after_a_wrong_code_the_next_has_to_wait(ravi, codes, settings):
    settings.OTP_TOTP_THROTTLE_FACTOR = 60
    client = password_given()
    client.post(CODE, {"code": "000000"})

    page = client.post(CODE, {"code": code_of(AuthenticatorApp.objects.get())}).content.decode()
    assert "Wait for the next one" in page


def test_the_second_step_has_five_minutes(ravi, codes, monkeypatch):
    client = password_given()
    now = time.time()
    monkeypatch.setattr("dashboard.log_in.time.time", lambda: now + 301)

    assert client.post(CODE, {"code": codes[0]}).headers["Location"] == LOG_IN


def test_a_changed_password_ends_the_second_step(ravi, codes):
    client = password_given()
    ravi.set_password("another long password")
    ravi.save()

    assert client.post(CODE, {"code": codes[0]}).headers["Location"] == LOG_IN


@pytest.mark.usefixtures("required")
def test_where_it_is_required_people_set_it_up_before_anything_else(ravi):
    User.objects.update(is_superuser=True)
    client = password_given()
    for path in (INDEX, PEOPLE, reverse("admin:password_change")):
        assert client.get(path).headers["Location"] == SECOND_FACTOR

    client.get(SECOND_FACTOR)
    client.post(SECOND_FACTOR, {"code": code_of(AuthenticatorApp.objects.get())})
    assert is_in(client)


@pytest.mark.usefixtures("required")
def test_where_it_is_required_a_session_without_a_code_is_worth_nothing(ravi, codes):
    client = Client()
    client.force_login(ravi)

    assert client.get(INDEX).headers["Location"].startswith(LOG_IN)
    assert client.get(SECOND_FACTOR).headers["Location"].startswith(LOG_IN)


@pytest.mark.usefixtures("required")
def test_people_who_have_to_set_it_up_can_log_out(ravi):
    client = password_given()

    assert client.post(reverse("admin:logout")).status_code == 200
    assert client.get(SECOND_FACTOR).headers["Location"].startswith(LOG_IN)


def test_an_administrator_resets_it_with_a_note_and_it_is_told(ravi, codes, sign_in):
    chief = sign_in("chief", "auth.view_user", "otp_totp.delete_totpdevice")
    asked = chief.post(PEOPLE, {"action": "reset", "_selected_action": [ravi.pk]})
    assert AuthenticatorApp.objects.exists()

    chief.post(asked.headers["Location"], {"note": "lost his phone, called back"})
    assert not AuthenticatorApp.objects.exists()
    assert is_in(password_given())
    assert AuditEntry.objects.get(action="second_factor.reset").details == {"note": "lost his phone, called back"}
    assert Alarm.objects.filter(kind="system.second_factor_reset", subject="ravi").exists()


def test_others_reset_nothing(ravi, codes, sign_in):
    watcher = sign_in("watcher", "auth.view_user")
    url = f"{reverse('admin:auth_user_second_factor')}?id={ravi.pk}"

    assert watcher.post(url, {"note": "let me in"}).status_code == 403
    assert AuthenticatorApp.objects.exists()


def test_keys_have_no_page(admin_client):
    assert admin_client.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert admin_client.get("/admin/otp_static/staticdevice/").status_code == 404

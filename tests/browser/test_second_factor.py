"""The second factor in a real browser: set up, and asked for at the next log-in."""

from base64 import b32decode

import pytest
from django.contrib.auth.models import User
from django_otp.oath import totp

from dashboard.models import AuthenticatorApp
from tests.browser.conftest import PASSWORD, unique


def code_of(key: str) -> str:
    """As the app on the phone computes it."""
    return f"{totp(b32decode(key.replace(' ', ''))):06d}"


def test_a_person_sets_it_up_and_logs_in_with_a_code(page, log_in, axe, screenshot):
    name = unique("maya")
    log_in(page, name)
    page.get_by_role("link", name="Second factor").click()
    assert axe(page, "#main") == []
    screenshot(page, "second-factor", ".second-factor")

    key = page.locator(".secret code").inner_text()
    page.get_by_label("Code", exact=True).fill(code_of(key))
    page.get_by_role("button", name="Turn it on").click()
    recovery_code = page.locator(".recovery-codes code").first.inner_text()
    assert page.locator(".recovery-codes code").count() == 10
    assert axe(page, "#main") == []

    AuthenticatorApp.objects.filter(user__username=name).update(last_t=-1)  # as if half a minute had gone by
    page.get_by_role("button", name="Log out").click()
    for code in (code_of(key), recovery_code):
        give_password(page, name)
        assert axe(page) == []
        page.get_by_label("Code", exact=True).fill(code)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/admin/")
        page.get_by_role("button", name="Log out").click()


def give_password(page, name: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/login/code/**")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whoever_needs_one_is_led_there_on_a_phone_too(new_page, settings, axe, scheme):
    settings.SECOND_FACTOR = "required"
    name = unique("nils")
    User.objects.create_user(name, password=PASSWORD, is_staff=True)
    page = new_page(viewport={"width": 375, "height": 800}, color_scheme=scheme)
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/second-factor/")

    assert page.get_by_text("Everybody here needs a second factor.").is_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""Every page of the Admin asks for a permission; no group sees or does what its permissions do not say."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from scoring.services.groups import GROUPS, groups_ensure
from tests.factories import make_payment

# Open to whoever is logged in, since they are about the person themselves or tell nothing.
OPEN = {
    "index", "logout", "password_change", "password_change_done", "jsi18n", "second_factor", "own_sessions",
    "app_list", "view_on_site", "autocomplete",
}  # fmt: skip
OPEN_TO_ALL = {"login", "log_in_code"}
# Everybody who gets in has alerts of their own, and sees no others' there.
OWN_ALERTS = {
    "webhooks_alertsubscription_add",
    "webhooks_alertsubscription_changelist",
    "webhooks_notification_changelist",
}


def patterns_of(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern).removeprefix("^").removesuffix("$")
        found += patterns_of(each, path) if isinstance(each, URLResolver) else [(path, each)]
    return found


def admin_patterns() -> list[tuple[str, URLPattern]]:
    resolvers = [each for each in get_resolver().url_patterns if isinstance(each, URLResolver)]
    return patterns_of(next(each for each in resolvers if each.namespace == "admin"), "/admin/")


def example_of(path: str) -> str:
    """The path with something plausible in each place."""
    examples = {
        "uuid": "0190a5e2-0000-7000-8000-000000000000",
        "int": "1",
        "path": "1",
        "str": "publish",
    }
    while "<" in path:
        before, _, rest = path.partition("<")
        place, _, after = rest.partition(">")
        path = before + examples.get(place.partition(":")[0], "1") + after
    return path


PAGES = [
    pytest.param(example_of(path), id=pattern.name or path)
    for path, pattern in admin_patterns()
    if pattern.name not in OPEN | OPEN_TO_ALL and "(?P" not in path
]
# Forms of one click hold no page; who asks by GET is told so before or after the permission.
REFUSED = {302, 403, 404, 405}


def answers(client: Client, url: str) -> list:
    return [client.get(url), client.post(url)]


@pytest.mark.parametrize("url", PAGES)
def test_a_stranger_is_led_to_the_log_in(db, url):
    for answer in answers(Client(), url):
        assert answer.status_code in {302, 405}, answer.status_code
        if answer.status_code == 302:
            assert answer.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("url", [page for page in PAGES if page.id not in OWN_ALERTS])
def test_staff_without_permissions_get_nowhere(nobody, url):
    for answer in answers(nobody, url):
        assert answer.status_code in REFUSED, answer.status_code
        if answer.status_code == 302:  # Django's answer where nothing has that id
            assert answer.url in {reverse("admin:index"), url.rpartition("1/")[0]} or "admin" in answer.url


@pytest.fixture
def members(db) -> dict[str, Client]:
    groups_ensure()
    made = {}
    for name in GROUPS:
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name=name))
        made[name] = Client(raise_request_exception=False)
        made[name].force_login(user)
    return made


def test_no_page_fails_for_any_group(members):
    failed = [
        (name, page.values[0], answer.status_code)
        for name, client in members.items()
        for page in PAGES
        if (answer := client.get(page.values[0])).status_code >= 500
    ]

    assert failed == []


def test_a_group_sees_the_lists_it_may_and_no_others(members, account_alice, gateway_client):
    make_payment(account_alice, gateway_client)
    wrong = []
    for name, client in members.items():
        user = User.objects.get(username=name)
        for model, model_admin in admin.site._registry.items():
            label, opts = model._meta.label_lower, model._meta
            may = user.has_perm(f"{opts.app_label}.view_{opts.model_name}")
            status = client.get(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")).status_code
            if (status in (200, 302)) != (may or model_admin.has_view_permission(request_of(user))):
                wrong.append((name, label, status))

    assert wrong == []


def request_of(user: User):
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = user
    return request

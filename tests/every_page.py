"""Every address of the Admin site that answers with a page, for somebody who may see all of it."""

from urllib.parse import quote

from django.contrib import admin
from django.contrib.admin.utils import quote as quote_pk
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from ledger.models import Account, Case, LabelImport, Transaction
from rules.models import List, ListImport, Rule, RulesetVersion, RuleSnooze, Simulation
from scoring.models import ModelVersion, PolicyRelease, PolicyVersion, ScoreJob
from sentinel.api.models import ApiKey, GatewayClient
from tests.admin.test_people_every_page import admin_patterns
from webhooks.models import AlertSubscription, Endpoint

# Which rows stand for the places in addresses: of each the newest few.
ROWS_EACH = 2
PAYMENTS_EACH = 6  # each of which is at another place of its life
_ROWS: dict[str, type[Model]] = {
    "case_id": Case,
    "transaction_id": Transaction,
    "payment_id": Transaction,
    "client_id": GatewayClient,
    "key_id": ApiKey,
    "list_id": List,
    "simulation_id": Simulation,
    "rule_id": Rule,
    "snooze_id": RuleSnooze,
    "ruleset_id": RulesetVersion,
    "model_id": ModelVersion,
    "endpoint_id": Endpoint,
    "pk": AlertSubscription,
    "id": User,
    "job_id": ScoreJob,
}
_ROWS_BY_ROUTE: dict[tuple[str, str], type[Model]] = {
    ("labelimport", "import_id"): LabelImport,
    ("listimport", "import_id"): ListImport,
    ("policyversion", "number"): PolicyVersion,
    ("policyrelease", "number"): PolicyRelease,
}
_STEPS = (
    "activate", "approve", "ask", "break_glass", "cancel", "champion", "challenge", "decline", "delete", "disable",
    "freeze", "live", "move", "pause", "promote", "publish", "refuse", "resume", "retire", "rotate", "shadow",
    "snooze", "start", "stop", "take_out", "trial", "withdraw",
)  # fmt: skip
# Not pages, or not this site's: leaving, files, scripts, and what only leads on.
_LEFT_OUT = {"logout", "jsi18n", "view_on_site", "queue_changes", "rules_simulation_progress"}


def pages(client: Client, *, with_parts: bool = True) -> list[str]:
    """Those that answer 200 with HTML, and parts of pages. Nothing is changed: they are only looked at."""
    return [url for url in _candidates() if _is_page(client, url, with_parts=with_parts)]


def _is_page(client: Client, url: str, *, with_parts: bool) -> bool:
    answer = client.get(url)
    is_html = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
    return is_html and (with_parts or b"<html" in answer.content)


def _candidates() -> list[str]:
    found = {reverse("admin:index"): None}
    for model in admin.site._registry:
        for url in _of_model(model):
            found[url] = None
    for path, pattern in admin_patterns():
        if pattern.name in _LEFT_OUT or "object_id" in path or "(?P" in path:
            continue
        for url in _filled(path):
            found[url] = None
    return list(found)


def _of_model(model: type[Model]) -> list[str]:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    of_rows = [
        reverse(f"{name}_{page}", args=[quote_pk(str(pk))])
        for pk in newest(model)
        for page in ("change", "history", "delete")
    ]
    return [reverse(f"{name}_changelist"), reverse(f"{name}_add"), *of_rows]


def _filled(path: str) -> list[str]:
    return [url for url, _ in filled_paths(path)]


def filled_paths(path: str) -> list[tuple[str, tuple[str, ...]]]:
    """The path with each of a few rows or words in its places, and these words."""
    if "<" not in path:
        return [(path, ())]
    before, _, rest = path.partition("<")
    place, _, after = rest.partition(">")
    kind, _, name = place.rpartition(":")
    return [
        (url, (str(value), *words) if kind == "str" else words)
        for value in _values(path, kind, name)
        for url, words in filled_paths(f"{before}{quote(str(value), safe='')}{after}")
    ]


def _values(path: str, kind: str, name: str) -> list[object]:
    if kind == "str":
        return list(_STEPS)
    for (route, place), model in _ROWS_BY_ROUTE.items():
        if f"/{route}/" in path and place == name:
            return newest(model)
    if name in _ROWS:
        return newest(_ROWS[name])
    return [1]


def newest(model: type[Model]) -> list[object]:
    rows = PAYMENTS_EACH if model in (Case, Transaction) else ROWS_EACH
    found = list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:rows])
    if model is Account:  # those are the bank's own, by their names
        found += Account.objects.filter(kind="customer").order_by("-opened_at").values_list("pk", flat=True)[:rows]
    return found

"""The Admin's own site: its models in the order people need them, and a start page with a few true numbers."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from dashboard.start_page import start_page

# Group -> the models in it, by "app.Model". What is registered and not named here comes last.
GROUPS: dict[str, dict[str, str]] = {
    "Work": {
        "ledger.Hold": "Reviews",
        "ledger.Transaction": "Transactions",
        "ledger.Account": "Accounts",
        "ledger.Label": "Labels",
    },
    "Deciding": {
        "rules.Rule": "Rules",
        "rules.List": "Lists",
        "rules.ListItem": "List items",
        "rules.RulesetVersion": "Ruleset versions",
        "scoring.PolicyVersion": "Policy",
        "scoring.ModelVersion": "Models",
    },
    "API access": {
        "api.GatewayClient": "Clients",
        "api.ApiKey": "API keys",
        "ledger.AccountGrant": "Account grants",
    },
    "Record": {
        "ledger.AuditEntry": "Audit",
        "ledger.Entry": "Entries",
        "ledger.Event": "Events",
    },
    "People": {"auth.User": "Users", "auth.Group": "Groups"},
    "Background work": {
        "django_celery_results.TaskResult": "Task results",
        "django_celery_results.GroupResult": "Group results",
    },
}


class SentinelAdminSite(AdminSite):
    site_title = "SentinelStream"
    site_header = "SentinelStream"
    index_title = "Today"
    site_url = None  # there is no other site to view
    index_template = "admin/start.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), **start_page(request.user)})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        if app_label is not None:
            return super().get_app_list(request, app_label)
        found = {
            f"{app['app_label']}.{model['object_name']}": model
            for app in super().get_app_list(request)
            for model in app["models"]
        }
        groups = [_group(name, members, found) for name, members in GROUPS.items()]
        return [group for group in (*groups, _rest(found)) if group["models"]]


def _group(name: str, members: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """As an entry of the Admin's app list. Takes its members out of `found`."""
    models = [{**found.pop(key), "name": words} for key, words in members.items() if key in found]
    return {"name": name, "app_label": name.lower().replace(" ", "-"), "app_url": "", "models": models}


def _rest(found: dict[str, Any]) -> dict[str, Any]:
    return {"name": "More", "app_label": "more", "app_url": "", "models": list(found.values())}

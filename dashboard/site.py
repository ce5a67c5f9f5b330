"""The Admin's own site: its models in the order people need them, and a start page with a few true numbers."""

from functools import update_wrapper
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from dashboard.log_in import CodeView, LogInForm, LogInView
from dashboard.second_factor_pages import is_unconfirmed, must_enrol, second_factor_view
from dashboard.services.first_passwords import first_password_end, must_choose_password
from dashboard.services.sessions import session_follow, sessions_of_person_end
from dashboard.session_pages import sessions_view
from dashboard.start_page import start_page

# Group -> the models in it, by "app.Model". What is registered and not named here comes last.
GROUPS: dict[str, dict[str, str]] = {
    "Work": {
        "ledger.Transaction": "Transactions",
        "ledger.Account": "Accounts",
        "ledger.Label": "Labels",
        "ledger.LabelImport": "Label imports",
        "scoring.ScoreJob": "Scored files",
        "rules.Alarm": "Alarms",
        "webhooks.AlertSubscription": "My alerts",
        "webhooks.Notification": "Notifications",
    },
    "Deciding": {
        "rules.Rule": "Rules",
        "rules.Simulation": "Simulations",
        "rules.List": "Lists",
        "rules.ListItem": "List items",
        "rules.ListProposal": "List proposals",
        "rules.ListImport": "List imports",
        "rules.RulesetVersion": "Ruleset versions",
        "scoring.PolicyVersion": "Policy",
        "scoring.PolicyRelease": "Policy releases",
        "scoring.ModelVersion": "Models",
    },
    "Webhooks": {
        "webhooks.Endpoint": "Endpoints",
        "webhooks.Delivery": "Deliveries",
    },
    "System": {
        "dashboard.SystemAlarm": "System alarms",
        "dashboard.ApiCall": "API calls",
        "dashboard.KeptWarning": "Warnings",
        "dashboard.Reading": "Figures by the minute",
        "dashboard.RequestMinute": "Requests by the minute",
        "dashboard.FigureLimit": "Limits",
    },
    "API access": {
        "api.GatewayClient": "Clients",
        "api.ApiKey": "API keys",
        "ledger.AccountGrant": "Account grants",
    },
    "Record": {
        "ledger.AuditEntry": "Audit",
        "ledger.SealBlock": "Seal",
        "ledger.Entry": "Entries",
        "ledger.Event": "Events",
        "ledger.Hold": "Holds",
        "ledger.SampledReview": "Sampled payments",
        "dashboard.DecisionFact": "Decisions",
    },
    "People": {
        "auth.User": "Users",
        "auth.Group": "Groups",
        "axes.AccessAttempt": "Failed log-ins",
        "dashboard.PersonSession": "Sessions",
    },
    "Background work": {
        "django_celery_results.TaskResult": "Task results",
        "django_celery_results.GroupResult": "Group results",
        "django_celery_beat.PeriodicTask": "Schedules",
        "django_celery_beat.IntervalSchedule": "Intervals",
        "django_celery_beat.CrontabSchedule": "Clock times",
        "django_celery_beat.ClockedSchedule": "Single moments",
        "django_celery_beat.SolarSchedule": "Times of the sun",
    },
}


# What a person may still do before they have done what they are led to.
OPEN_BEFORE = {
    "password_change": {"password_change", "logout", "jsi18n"},
    "second_factor": {"second_factor", "logout", "jsi18n"},
}


def _to_do_first(request: HttpRequest) -> str | None:
    """The page a person is led to from all others: a password of their own, then the second factor."""
    if must_choose_password(request):
        return "password_change"
    return "second_factor" if must_enrol(request) else None


class SentinelAdminSite(AdminSite):
    site_title = "SentinelStream"
    site_header = "SentinelStream"
    index_title = "Today"
    site_url = None  # there is no other site to view
    index_template = "admin/start.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Where a code is required, whoever has a second factor logs in with it; whoever has none may set it up."""
        return super().has_permission(request) and (not is_unconfirmed(request) or must_enrol(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            name = request.resolver_match.url_name if request.resolver_match else None
            is_staff = AdminSite.has_permission(self, request)
            if is_staff and (first := _to_do_first(request)) is not None and name not in OPEN_BEFORE[first]:
                return HttpResponseRedirect(reverse(f"admin:{first}"))
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def get_urls(self) -> list[Any]:
        from dashboard.views.export import decisions_csv
        from dashboard.views.overview import overview
        from dashboard.views.quality import client_quality, data_quality
        from dashboard.views.reviewing.urls import work_urls
        from dashboard.views.system_status import system_status

        return [
            path("dashboard/", self.admin_view(overview), name="dashboard"),
            path("dashboard/decisions.csv", self.admin_view(decisions_csv), name="dashboard_decisions_csv"),
            path("data-quality/", self.admin_view(data_quality), name="data_quality"),
            path("data-quality/<uuid:client_id>/", self.admin_view(client_quality), name="client_quality"),
            path("system/", self.admin_view(system_status), name="system_status"),
            path("login/code/", self.log_in_code, name="log_in_code"),
            path("second-factor/", self.admin_view(self.second_factor), name="second_factor"),
            path("sessions/", self.admin_view(self.own_sessions), name="own_sessions"),
            *work_urls(self),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, login_not_required])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = self._log_in_context(request, "Log in") | (extra_context or {})
        view = LogInView.as_view(
            extra_context=context, authentication_form=LogInForm, template_name="admin/login.html"
        )
        return view(request)

    @method_decorator([never_cache, login_not_required])
    def log_in_code(self, request: HttpRequest) -> Any:
        return CodeView.as_view(extra_context=self._log_in_context(request, "Code"))(request)

    def _log_in_context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        context = {
            **self.each_context(request),
            "title": title,
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index")
        return context

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        context = self.each_context(request) | {"title": "Second factor"}
        if must_enrol(request):  # the rest of the site would only lead back here
            context |= {"available_apps": [], "is_nav_sidebar_enabled": False}
        return second_factor_view(request, context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The browser forgets the pages that were shown, too."""
        answer = super().logout(request, extra_context)
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    def own_sessions(self, request: HttpRequest) -> HttpResponse:
        return sessions_view(request, self.each_context(request) | {"title": "Your sessions"})

    @method_decorator(never_cache)
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The change gives this session another key, and ends all others."""
        old_key = request.session.session_key
        title = {"title": "Choose a password of your own"} if must_choose_password(request) else {}
        answer = super().password_change(request, {**title, **(extra_context or {})})
        if (new_key := request.session.session_key) != old_key:
            first_password_end(request)
            session_follow(old_key=old_key, new_key=new_key)
            actor, now = request.user.get_username(), timezone.now()
            sessions_of_person_end(user=cast(User, request.user), keep_key=new_key, actor=actor, now=now)
        return answer

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
        for group in groups:
            group["models"] = [*_pages(request, group["name"]), *group["models"]]
        return [group for group in (*groups, _rest(found)) if group["models"]]


# Group -> the pages that come before its models: the name of each, its address, and who may see it.
PAGES = {
    "Work": [("Queue", "admin:queue", "ledger.view_case")],
    "System": [
        ("System status", "admin:system_status", "dashboard.view_systemalarm"),
        ("Data quality", "admin:data_quality", "scoring.view_qualitycount"),
    ],
}


def _pages(request: HttpRequest, group: str) -> list[dict[str, Any]]:
    return [
        {"name": words, "object_name": words.replace(" ", ""), "admin_url": reverse(url), "add_url": None}
        for words, url, permission in PAGES.get(group, ())
        if request.user.has_perm(permission)
    ]


def _group(name: str, members: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """As an entry of the Admin's app list. Takes its members out of `found`."""
    models = [{**found.pop(key), "name": words} for key, words in members.items() if key in found]
    return {"name": name, "app_label": name.lower().replace(" ", "-"), "app_url": "", "models": models}


def _rest(found: dict[str, Any]) -> dict[str, Any]:
    return {"name": "More", "app_label": "more", "app_url": "", "models": list(found.values())}

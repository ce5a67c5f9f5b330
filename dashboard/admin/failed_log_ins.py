"""Log-ins that failed of late, and the way to let somebody try again."""

from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.lockouts import ADDRESS_FACTOR, NAME_FACTOR, failures
from dashboard.services.lockouts import failures_forget
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import badge, moment, zoned


@admin.register(AccessAttempt)
class FailedLogInAdmin(ReadOnlyAdmin):
    list_display = ("username", "ip_address", "failures_since_start", "latest", "state")
    search_fields = ("username__exact", "ip_address__exact")
    search_help_text = "A whole name or address."
    ordering = ("-attempt_time",)
    sortable_by = ()
    actions = ("unlock",)
    fields = ("username", "ip_address", "user_agent", "failures_since_start", "latest", "state")
    readonly_fields = fields

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")

    @admin.action(description="Unlock: forget the selected failures", permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        chosen = list(queryset)
        failures_forget(attempts=chosen, actor=request.user.get_username(), now=timezone.now())
        self.message_user(request, f"Forgotten: failed log-ins of {', '.join(sorted({a.username for a in chosen}))}.")

    @admin.display(description=zoned("latest"))
    def latest(self, attempt: Any) -> SafeString:
        return moment(attempt.attempt_time)

    @admin.display(description="now")
    def state(self, attempt: Any) -> SafeString:
        """Whether its name may not log in from its address."""
        since = timezone.now() - settings.AXES_COOLOFF_TIME
        of_both, of_name, of_address = failures(attempt.username, attempt.ip_address, since=since)
        limit: int = settings.AXES_FAILURE_LIMIT
        is_locked = of_both >= limit or of_name >= NAME_FACTOR * limit or of_address >= ADDRESS_FACTOR * limit
        return badge("locked" if is_locked else "may try")

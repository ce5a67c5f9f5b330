"""Who is logged in."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.models import PersonSession
from dashboard.services.sessions import sessions_end
from dashboard.session_pages import sessions_lasting
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import moment, zoned


@admin.register(PersonSession)
class PersonSessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "since", "address", "browser")
    search_fields = ("user__username__exact", "address__exact")
    search_help_text = "A whole name or address."
    sortable_by = ()
    actions = ("end",)
    fields = ("user", "since", "address", "browser")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return sessions_lasting()

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dashboard.delete_personsession")

    @admin.action(description="End selected sessions", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        ended = sessions_end(sessions=queryset, actor=request.user.get_username(), now=timezone.now())
        self.message_user(request, f"Ended: {ended} session{'' if ended == 1 else 's'}.")

    @admin.display(description=zoned("since"))
    def since(self, session: PersonSession) -> SafeString:
        return moment(session.begun_at)

"""What waits for a second person, to be approved or refused with a note."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.confirm import TOGETHER_MAX, Question, Step, confirm
from ledger.admin.words import badge, moment, zoned
from rules.models import ListProposal
from rules.services.list_proposals import proposal_approve, proposal_refuse

_STEPS = {
    "approve": ("Approve", "Approved", "They count for the very next payment: it may pass because of them."),
    "refuse": ("Refuse", "Refused", "They do not come on the list."),
}


@admin.register(ListProposal)
class ListProposalAdmin(ReadOnlyAdmin):
    list_display = ("value", "list", "reason", "proposed_by", "proposed", "ends", "state_", "decided_by", "note")
    list_filter = (choice_filter("state", "state", dict(ListProposal.State.choices)), "list")
    list_select_related = ("list",)
    search_fields = ("value__startswith",)
    search_help_text = "A value, or how it begins."
    sortable_by = ()
    actions = ("approve", "refuse")

    def get_urls(self) -> list[Any]:
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("decide/<str:step>/", decide, name="rules_listproposal_decide"), *super().get_urls()]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.approve_listitem")

    @admin.action(description="Approve selected proposals", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[ListProposal]) -> HttpResponse | None:
        return self._ask(request, queryset, "approve")

    @admin.action(description="Refuse selected proposals", permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[ListProposal]) -> HttpResponse | None:
        return self._ask(request, queryset, "refuse")

    def _ask(self, request: HttpRequest, queryset: QuerySet[ListProposal], step: str) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[: TOGETHER_MAX + 1])
        if len(chosen) > TOGETHER_MAX:
            self.message_user(request, f"Choose at most {TOGETHER_MAX} proposals at a time.", messages.ERROR)
            return None
        url = reverse("admin:rules_listproposal_decide", args=[step])
        return HttpResponseRedirect(f"{url}?ids={','.join(map(str, chosen))}")

    def decide_view(self, request: HttpRequest, step: str) -> HttpResponse:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        if step not in _STEPS:
            raise Http404
        chosen = [text for text in request.GET.get("ids", "").split(",")[:TOGETHER_MAX] if text.isdecimal()]
        proposals = ListProposal.objects.select_related("list").filter(pk__in=chosen).order_by("proposed_at")
        steps = [_step(proposal, step, request.user.get_username()) for proposal in proposals]
        return confirm(request, _question(step, len(steps)), steps)

    @admin.display(description=zoned("proposed"))
    def proposed(self, proposal: ListProposal) -> SafeString:
        return moment(proposal.proposed_at)

    @admin.display(description=zoned("until"))
    def ends(self, proposal: ListProposal) -> SafeString | str:
        return moment(proposal.expires_at) if proposal.expires_at else "it is removed"

    @admin.display(description="state")
    def state_(self, proposal: ListProposal) -> SafeString:
        return badge(proposal.state)


def _question(step: str, count: int) -> Question:
    verb, done, explanation = _STEPS[step]
    return Question(
        title=f"{verb} {count} proposed item{'' if count == 1 else 's'}?",
        explanation=explanation,
        headings=("Value", "List", "Reason", "Proposed by", "Until"),
        button=verb,
        done=done,
        back_url=f"{reverse('admin:rules_listproposal_changelist')}?state=proposed",
        is_dangerous=step == "refuse",
    )


def _step(proposal: ListProposal, step: str, actor: str) -> Step:
    until = moment(proposal.expires_at) if proposal.expires_at else "it is removed"
    columns = (proposal.value, proposal.list.name, proposal.reason, proposal.proposed_by, until)

    def act(note: str) -> None:
        service = proposal_approve if step == "approve" else proposal_refuse
        service(actor=actor, proposal=proposal, note=note, now=timezone.now())

    return Step(proposal.value, columns, act)

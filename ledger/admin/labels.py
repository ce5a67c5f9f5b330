"""Labels: what somebody found out about a payment. Added here, never changed: a correction is another label."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import format_lazy

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter
from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import badge, moment, transaction_link, viewers_zone, zoned
from ledger.models import Label, Transaction
from ledger.services.audit import audit_record
from ledger.services.labels import label_attach
from sentinel.core.ids import public_id, uuid7, uuid_in

VERDICTS = (("fraud", "Confirmed fraud"), ("legitimate", "Legitimate"))


class LabelForm(NoCardNumbers, forms.ModelForm[Label]):
    transaction_name = forms.CharField(label="Transaction", max_length=36, help_text="Its txn_… id.")
    verdict = forms.ChoiceField(choices=VERDICTS, widget=forms.RadioSelect)

    class Meta:
        model = Label
        fields = ("source", "observed_at", "note")
        help_texts: ClassVar = {"observed_at": format_lazy("When somebody found out, in {}.", viewers_zone)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payment: Transaction | None = None

    def clean_transaction_name(self) -> str:
        text = self.cleaned_data["transaction_name"].strip()
        transaction_id = uuid_in("txn", text)
        self.payment = Transaction.objects.filter(pk=transaction_id).first() if transaction_id else None
        if self.payment is None:
            raise ValidationError("There is no such transaction.")
        return str(text)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        observed_at = cleaned.get("observed_at")
        if observed_at and observed_at > timezone.now():
            self.add_error("observed_at", "A label cannot be observed in the future.")
        if observed_at and self.payment and observed_at < self.payment.occurred_at:
            self.add_error("observed_at", "A label cannot be observed before its payment happened.")
        return cleaned


@admin.register(Label)
class LabelAdmin(ReadOnlyAdmin):
    form = LabelForm
    change_list_template = "admin/ledger/label/list.html"
    list_display = ("recorded", "transaction_", "verdict_", "source", "actor", "observed_at", "note")
    list_filter = (
        RecordedFilter,
        choice_filter("verdict", "is_fraud", {"True": "Confirmed fraud", "False": "Legitimate"}),
        choice_filter("source", "source", dict(Label.Source.choices)),
    )
    search_fields = ("transaction__id",)
    search_help_text = "A whole txn_… id."
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.add_label")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        return queryset.filter(transaction_id=uuid_in("txn", text)) if text else queryset, False

    def get_fieldsets(self, request: HttpRequest, obj: Label | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("transaction_name", "verdict", "source", "observed_at", "note")}),)
        return (
            (None, {"fields": ("transaction_", "verdict_", "source", "observed_at", "note", "actor", "recorded")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Label | None = None) -> tuple[str, ...]:
        return ("transaction_", "verdict_", "recorded") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        named = {"transaction_name": request.GET.get("transaction", "")}
        return {"observed_at": timezone.now(), "source": Label.Source.REVIEW, **named}

    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        """Label and audit in the database transaction of the form."""
        actor, now = request.user.get_username(), timezone.now()
        obj.id = uuid7()
        label_attach(
            payment=form.payment,
            is_fraud=form.cleaned_data["verdict"] == "fraud",
            source=obj.source,
            observed_at=obj.observed_at,
            actor=actor,
            label_id=obj.id,
            note=obj.note,
            now=now,
        )
        obj.transaction = form.payment
        audit_record(
            actor=actor,
            action="label.add",
            subject=form.payment.public_id,
            details={"label": form.cleaned_data["verdict"], "source": obj.source, "note": obj.note},
            now=now,
        )

    def response_add(self, request: HttpRequest, obj: Label, post_url_continue: str | None = None) -> HttpResponse:
        """Back to where people come from: the transaction."""
        self.message_user(request, f"The label of {public_id('txn', obj.transaction_id)} was added.")
        if request.user.has_perm("ledger.view_transaction"):
            return HttpResponseRedirect(reverse("admin:ledger_transaction_change", args=[obj.transaction_id]))
        return HttpResponseRedirect(reverse("admin:ledger_label_changelist"))

    @admin.display(description=zoned("recorded"))
    def recorded(self, label: Label) -> SafeString:
        return moment(label.recorded_at)

    @admin.display(description="transaction")
    def transaction_(self, label: Label) -> SafeString:
        return transaction_link(label.transaction_id)

    @admin.display(description="verdict")
    def verdict_(self, label: Label) -> SafeString:
        return badge("fraud" if label.is_fraud else "legitimate")

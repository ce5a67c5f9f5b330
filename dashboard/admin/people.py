"""People and groups. An administrator of people lets others in and never raises themselves."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from dashboard.selectors.access import COLUMNS, access_rows
from dashboard.services.first_passwords import first_password_give
from dashboard.services.people import person_told
from dashboard.services.second_factor import second_factor_reset
from ledger.admin.base import ServiceAdmin
from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.confirm import TOGETHER_MAX, Question, Step, confirm
from ledger.admin.csv_response import csv_text
from ledger.services.audit import audit_record

for model in (User, Group, TOTPDevice, StaticDevice):  # their own pages show keys, and know no audit
    admin.site.unregister(model)


class PersonForm(NoCardNumbers, UserChangeForm):  # type: ignore[type-arg]
    pass


class NewPersonForm(NoCardNumbers, AdminUserCreationForm):  # type: ignore[type-arg]
    pass


class PeopleGroupForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    pass


_RIGHTS = ("is_superuser", "user_permissions")


@admin.register(User)
class PersonAdmin(ServiceAdmin, UserAdmin):  # type: ignore[type-arg]
    form = PersonForm
    add_form = NewPersonForm
    list_display = ("username", "first_name", "last_name", "in_groups", "is_active", "last_login", "second_factor")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    actions = ("reset",)
    change_list_template = "admin/people_list.html"
    sortable_by = ("username", "last_login")

    class Media:
        js = ("sentinel/choosing.js",)

    def get_queryset(self, request: HttpRequest) -> Any:
        has_device = Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True))
        return super().get_queryset(request).prefetch_related("groups").annotate(has_device=has_device)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        shown = ("last_login", "date_joined")
        if _person(request).is_superuser:
            return shown
        is_self = obj is not None and obj.pk == request.user.pk
        return (*shown, *_RIGHTS, *(("groups", "is_staff") if is_self else ()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not _person(request).is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit speaks of them: people are deactivated."""
        return False

    def has_reset_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("otp_totp.delete_totpdevice")

    def get_urls(self) -> list[Any]:
        reset = self.admin_site.admin_view(self.reset_view)
        export = self.admin_site.admin_view(self.export_view)
        return [
            path("second-factor/", reset, name="auth_user_second_factor"),
            path("export/", export, name="auth_user_export"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Who may do what, as a file. That somebody took it is told in the audit."""
        if not request.user.has_perms(["auth.view_user", "auth.view_group"]):
            raise PermissionDenied
        actor = request.user.get_username()
        audit_record(actor=actor, action="access.exported", subject="people", details={}, now=timezone.now())
        headers = {"Content-Disposition": 'attachment; filename="access.csv"', "Cache-Control": "no-store"}
        text = csv_text([COLUMNS, *access_rows()])
        return HttpResponse(f"\ufeff{text}", content_type="text/csv; charset=utf-8", headers=headers)

    @admin.action(description="Reset the second factor…", permissions=["reset"])
    def reset(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        chosen = queryset.values_list("pk", flat=True)[:TOGETHER_MAX]
        query = urlencode({"id": list(chosen)}, doseq=True)
        return HttpResponseRedirect(f"{reverse('admin:auth_user_second_factor')}?{query}")

    def reset_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_reset_permission(request):
            raise PermissionDenied
        chosen = [pk for pk in request.GET.getlist("id")[:TOGETHER_MAX] if pk.isdecimal()]
        people = User.objects.filter(pk__in=chosen).order_by("username")
        if not _person(request).is_superuser:
            people = people.filter(is_superuser=False)
        if not chosen:
            raise Http404
        return confirm(request, _question(), [_reset_step(person, request.user.get_username()) for person in people])

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Of others: one's own is changed where the old one is asked for."""
        if id == str(request.user.pk):
            return HttpResponseRedirect(reverse("admin:password_change"))
        return super().user_change_password(request, id, form_url)

    def audit_subject(self, object_id: str) -> str:
        person = User.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        return f"person {person.get_username()}" if person else object_id

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._tell(request, obj, "person.made", message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._tell(request, obj, "person.changed", message)

    def _tell(self, request: HttpRequest, person: User, action: str, message: Any) -> None:
        changed = [name for each in message if isinstance(each, dict) for name in _fields(each)]
        actor, now = request.user.get_username(), timezone.now()
        if person.has_usable_password() and (action == "person.made" or "password" in changed):
            first_password_give(user=person, now=now)
        person_told(person=person, action=action, changed=changed, actor=actor, now=now)

    @admin.display(description="groups")
    def in_groups(self, person: User) -> str:
        return ", ".join(group.name for group in person.groups.all())

    @admin.display(description="second factor", boolean=True)
    def second_factor(self, person: Any) -> bool:
        return bool(person.has_device)


@admin.register(Group)
class PeopleGroupAdmin(ServiceAdmin, GroupAdmin):
    form = PeopleGroupForm

    class Media:
        js = ("sentinel/choosing.js",)

    def audit_subject(self, object_id: str) -> str:
        group = Group.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        return f"group {group.name}" if group else object_id

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _group_told(request, obj, "group.made")

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _group_told(request, obj, "group.changed")

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for group in queryset:
            _group_told(request, group, "group.deleted")


def _group_told(request: HttpRequest, group: Group, action: str) -> None:
    permissions = sorted(group.permissions.values_list("codename", flat=True))
    audit_record(
        actor=request.user.get_username(),
        action=action,
        subject=f"group {group.name}",
        details={"permissions": permissions},
        now=timezone.now(),
    )


def _fields(message: dict[str, Any]) -> list[str]:
    told: dict[str, Any] = next(iter(message.values()), {})
    return list(told.get("fields", []))


def _question() -> Question:
    return Question(
        title="Reset the second factor?",
        explanation="They log in with the password alone until they have set it up again. Make sure who asked.",
        headings=("Person", "Name"),
        button="Reset",
        done="Reset",
        back_url=reverse("admin:auth_user_changelist"),
        is_dangerous=True,
    )


def _reset_step(person: User, actor: str) -> Step:
    def act(note: str) -> None:
        second_factor_reset(user=person, actor=actor, note=note, now=timezone.now())

    return Step(person.get_username(), (person.get_username(), person.get_full_name() or "-"), act)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)

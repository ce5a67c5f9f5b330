"""Rules, what was live when, and lists. Every change is a service call; what is insert-only is only shown."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from rules.domain.expressions import OPERATORS
from rules.errors import AlreadyListed, RuleHasNoVersion
from rules.forms import ListForm, ListItemForm, RuleForm
from rules.models import List, ListItem, Rule, RulesetMember, RulesetVersion, RuleVersion
from rules.selectors import rules_with_versions, sentence_of
from rules.services.lists import list_item_add, list_item_remove, list_save
from rules.services.rules import rule_disable, rule_enable, rule_save
from sentinel.core.catalogue import FIELDS

PAGE_SIZE = 50

# Django's classes take their type parameters in the stubs only: hence each `type: ignore[type-arg]`.


class ReadOnly:
    """Shown to whoever may view it, changed by nobody here."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class RuleVersionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = RuleVersion
    extra = 0
    fields = ("number", "sentence", "action", "reason_code", "author", "created_at")
    readonly_fields = fields
    ordering = ("-number",)

    @admin.display
    def sentence(self, version: RuleVersion) -> str:
        return sentence_of(version.action, version.expression)


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = RuleForm
    list_display = ("code", "sentence", "latest_action", "is_enabled", "live_version")
    list_filter = ("is_enabled",)
    search_fields = ("code", "name")
    list_per_page = PAGE_SIZE
    inlines = (RuleVersionInline,)
    actions = ("enable", "disable")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return rules_with_versions().order_by("code")

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        always = ("sentence", "is_enabled", "live_version", "fields_and_operators")
        return ("code", *always) if obj else always

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        standing = ("sentence", "is_enabled", "live_version") if obj else ()
        naming = (None, {"fields": ("code", "name", "description", *standing)})
        saying = ("What it does", {"fields": ("action", "reason_code", "reason_words", "expression")})
        help_ = ("Fields and operators", {"fields": ("fields_and_operators",), "classes": ("collapse",)})
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return (naming, saying, help_) if may_edit else (naming,)

    def has_change_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        """An enabled rule is live as soon as it is saved, so editing it takes the right to publish."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or not obj.is_enabled or self.has_publish_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.publish_rule")

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        rule_save(actor=request.user.get_username(), rule=obj, draft=form.draft, now=timezone.now())

    @admin.action(description="Enable selected rules", permissions=["publish"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        for rule in queryset:
            try:
                rule_enable(actor=request.user.get_username(), rule=rule, now=timezone.now())
            except RuleHasNoVersion as error:
                self.message_user(request, f"Rule {rule} was not enabled. {error.detail}.", messages.ERROR)

    @admin.action(description="Disable selected rules", permissions=["publish"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        for rule in queryset:
            rule_disable(actor=request.user.get_username(), rule=rule, now=timezone.now())

    @admin.display
    def sentence(self, rule: Any) -> str:
        return sentence_of(rule.latest_action, rule.latest_expression) if rule.latest_action else "No conditions yet."

    @admin.display(description="action", ordering="latest_action")
    def latest_action(self, rule: Any) -> str:
        return rule.latest_action or "-"

    @admin.display(description="live version", ordering="live_number", empty_value="not live")
    def live_version(self, rule: Any) -> Any:
        return rule.live_number

    @admin.display(description="")
    def fields_and_operators(self, rule: Rule) -> SafeString:
        rows = (
            (field.name, field.words, field.unit or field.type.value, ", ".join(OPERATORS[field.type]))
            for field in FIELDS
        )
        lines = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            "<table><tr><th>Field</th><th>Words</th><th>Unit</th><th>Operators</th></tr>{}</table>", lines
        )


class RulesetMemberInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = RulesetMember
    extra = 0
    fields = ("version", "sentence")
    readonly_fields = fields
    verbose_name_plural = "rules"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RulesetMember]:
        return super().get_queryset(request).select_related("version__rule", "ruleset").order_by("rule__code")

    @admin.display
    def sentence(self, member: RulesetMember) -> str:
        return sentence_of(member.version.action, member.version.expression)


@admin.register(RulesetVersion)
class RulesetVersionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("number", "published_at", "published_by", "note", "rules")
    list_per_page = PAGE_SIZE
    inlines = (RulesetMemberInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RulesetVersion]:
        return RulesetVersion.objects.annotate(rules_count=Count("members")).order_by("-number")

    @admin.display
    def rules(self, ruleset: Any) -> int:
        return int(ruleset.rules_count)


class NewItemInline(admin.TabularInline):  # type: ignore[type-arg]
    """Adds items. Those there are have a page of their own, since a list may be long."""

    model = ListItem
    form = ListItemForm
    extra = 1
    max_num = 20
    verbose_name_plural = "add items"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ListItem]:
        return super().get_queryset(request).none()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(List)
class ListAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ListForm
    list_display = ("name", "item_type", "description", "items_link")
    search_fields = ("name", "description")
    list_per_page = PAGE_SIZE
    inlines = (NewItemInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: List | None = None) -> tuple[str, ...]:
        return ("name", "item_type", "items_link") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: List | None) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: List | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: List, form: Any, change: bool) -> None:
        list_save(actor=request.user.get_username(), item_list=obj, now=timezone.now())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for item in formset.save(commit=False):
            try:
                list_item_add(
                    actor=request.user.get_username(),
                    item_list=form.instance,
                    value=item.value,
                    reason=item.reason,
                    expires_at=item.expires_at,
                    now=timezone.now(),
                )
            except AlreadyListed as error:
                self.message_user(request, error.detail, messages.WARNING)

    @admin.display(description="items")
    def items_link(self, item_list: List) -> SafeString:
        url = reverse("admin:rules_listitem_changelist")
        return format_html(
            '<a href="{}?list__id__exact={}&amp;removed_at__isempty=1">Show items</a>', url, item_list.pk
        )


@admin.register(ListItem)
class ListItemAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("value", "list", "reason", "owner", "created_at", "expires_at", "removed_at")
    list_filter = ("list", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("list",)
    list_per_page = PAGE_SIZE
    show_full_result_count = False
    search_fields = ("value",)
    actions = ("remove",)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.delete_listitem")

    @admin.action(description="Remove selected items from their list", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[ListItem]) -> None:
        for item in queryset.select_related("list"):
            list_item_remove(actor=request.user.get_username(), item=item, now=timezone.now())

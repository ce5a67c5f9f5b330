"""Lists of values that rules look into. An item is valid from `created_at` until it expires or is removed.

Items are never deleted: what was on a list at some moment stays known, for simulations of the past.
"""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from rules.domain.lists import ITEM_LENGTH_MAX, ItemType
from rules.models.rules import CODE_SHAPE


class List(models.Model):
    name = models.SlugField(max_length=60, unique=True, help_text="The word rules use for it, such as blocked_cards.")
    item_type = models.CharField(
        "type of items", max_length=20, choices=[(item_type.value, item_type.words) for item_type in ItemType]
    )
    description = models.TextField(max_length=2000, blank=True)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="list_name_shape",
                condition=Q(name__regex=CODE_SHAPE),
                violation_error_message="Begin with a letter; use lower case letters, digits and _ only.",
            ),
            models.CheckConstraint(
                name="list_item_type_known",
                condition=Q(item_type__in=[item_type.value for item_type in ItemType]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListItemQuerySet(models.QuerySet["ListItem"]):
    def valid_at(self, now: datetime) -> "ListItemQuerySet":
        unremoved = Q(removed_at__isnull=True) | Q(removed_at__gt=now)
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(unremoved, unexpired, created_at__lte=now)


class ListItem(models.Model):
    list = models.ForeignKey(List, on_delete=models.PROTECT, related_name="items")
    value = models.CharField(max_length=ITEM_LENGTH_MAX)
    reason = models.CharField(max_length=200)
    owner = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is removed.")
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    removed_by = models.CharField(max_length=150, blank=True, editable=False)

    objects = ListItemQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("list", "value"), condition=Q(removed_at__isnull=True), name="list_item_once"
            ),
            models.CheckConstraint(name="list_item_has_value", condition=~Q(value="")),
            models.CheckConstraint(name="list_item_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="list_item_expires_later",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
            ),
            models.CheckConstraint(
                name="list_item_removed_by_somebody",
                condition=Q(removed_at__isnull=True, removed_by="")
                | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} on {self.list}"

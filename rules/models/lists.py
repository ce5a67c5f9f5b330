"""Lists of values that rules look into. An item is valid from `created_at` until it expires or is removed.

Items are never deleted: what was on a list at some moment stays known, for simulations of the past.

Every change of a list raises its `revision` while its row is locked, and marks the items it touched with the new one.
So whoever has the items of some revision needs only those that were added or ended since.

What a second person has to approve first is a proposal, in a table of its own: it becomes an item when it is
approved, so nothing that waits can count by mistake. Triggers refuse items of an allow list that nobody approved, and
imported ones beyond what one person lets in within a day.
"""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from rules.domain.lists import ITEM_LENGTH_MAX, REASON_LENGTH_MAX, ItemType, Purpose, Source
from rules.models.rules import CODE_SHAPE

SOURCES = [(source.value, source.words) for source in Source]


class List(models.Model):
    name = models.SlugField(max_length=60, unique=True, help_text="The word rules use for it, such as blocked_cards.")
    item_type = models.CharField(
        "type of items", max_length=20, choices=[(item_type.value, item_type.words) for item_type in ItemType]
    )
    purpose = models.CharField(
        "kept to",
        max_length=10,
        choices=[(purpose.value, purpose.words) for purpose in Purpose],
        default=Purpose.BLOCK,
    )
    description = models.TextField(max_length=2000, blank=True)
    revision = models.BigIntegerField(default=0, editable=False)
    item_count = models.BigIntegerField("items", default=0, editable=False)  # those that were not ended yet
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
            models.CheckConstraint(
                name="list_purpose_known", condition=Q(purpose__in=[purpose.value for purpose in Purpose])
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
    # Without an index of its own: list_item_added begins with it.
    list = models.ForeignKey(List, on_delete=models.PROTECT, related_name="items", db_index=False)
    value = models.CharField(max_length=ITEM_LENGTH_MAX)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    source = models.CharField(max_length=10, choices=SOURCES, default=Source.MANUAL.value, editable=False)
    owner = models.CharField(max_length=150, editable=False)
    approved_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is removed.")
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    removed_by = models.CharField(max_length=150, blank=True, editable=False)
    added_revision = models.BigIntegerField(default=0, editable=False)
    ended_revision = models.BigIntegerField(null=True, editable=False)

    objects = ListItemQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions: ClassVar = [("approve_listitem", "Can approve what others propose for lists")]
        indexes: ClassVar = [
            # What came and went since a revision: rules.lists_in_memory.
            models.Index(fields=("list", "added_revision"), name="list_item_added"),
            models.Index(
                fields=("list", "ended_revision"), name="list_item_ended", condition=Q(ended_revision__isnull=False)
            ),
            # Items whose time has come: lists.items_expire, and "expiring soon" in the Admin.
            models.Index(
                fields=("expires_at",),
                name="list_item_expires",
                condition=Q(removed_at__isnull=True, expires_at__isnull=False),
            ),
            # What files brought without a second person: list_import_limits.
            models.Index(
                fields=("created_at",),
                name="list_item_imported_alone",
                condition=Q(source=Source.IMPORT.value, approved_by=""),
            ),
            # Search in the Admin by the beginning of a value, whatever the database's collation.
            models.Index(fields=("value",), name="list_item_begins", opclasses=("varchar_pattern_ops",)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("list", "value"), condition=Q(removed_at__isnull=True), name="list_item_once"
            ),
            models.CheckConstraint(name="list_item_has_value", condition=~Q(value="")),
            models.CheckConstraint(name="list_item_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="list_item_source_known", condition=Q(source__in=[source.value for source in Source])
            ),
            models.CheckConstraint(
                name="list_item_two_people", condition=Q(approved_by="") | ~Q(approved_by=F("owner"))
            ),
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


class ListProposal(models.Model):
    """An item that waits for a second person, and what became of it."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "proposed"
        APPROVED = "approved", "approved"
        REFUSED = "refused", "refused"

    list = models.ForeignKey(List, on_delete=models.PROTECT, related_name="proposals")
    value = models.CharField(max_length=ITEM_LENGTH_MAX)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    source = models.CharField(max_length=10, choices=SOURCES, default=Source.MANUAL.value)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("list", "value"), condition=Q(state="proposed"), name="list_proposal_once"
            ),
            models.CheckConstraint(name="list_proposal_has_value", condition=~Q(value="")),
            models.CheckConstraint(name="list_proposal_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="list_proposal_decided_by_somebody",
                condition=Q(state="proposed", decided_by="", decided_at__isnull=True)
                | (Q(state__in=["approved", "refused"], decided_at__isnull=False) & ~Q(decided_by="")),
            ),
            models.CheckConstraint(
                name="list_proposal_two_people", condition=~Q(state="approved") | ~Q(decided_by=F("proposed_by"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} for {self.list}"

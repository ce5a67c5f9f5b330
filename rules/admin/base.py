"""What the admins of this room share."""

from typing import Any

from django.contrib import admin


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Shown to whoever may view it, changed by nobody here."""

    extra = 0

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

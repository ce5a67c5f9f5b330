"""The blocks of the seal. Read-only; whether they still hold says `manage.py verify_ledger`."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import code, moment, zoned
from ledger.models import SealBlock


@admin.register(SealBlock)
class SealBlockAdmin(ReadOnlyAdmin):
    list_display = ("number", "sealed", "leaves", "head_", "is_late")
    ordering = ("-number",)
    sortable_by = ()
    fields = ("number", "sealed", "leaves", "is_late", "head_", "root_", "previous_", "signature_")
    readonly_fields = fields

    @admin.display(description=zoned("sealed"))
    def sealed(self, block: SealBlock) -> SafeString:
        return moment(block.sealed_at)

    @admin.display(description="head")
    def head_(self, block: SealBlock) -> SafeString:
        return code(bytes(block.head).hex())

    @admin.display(description="root of its rows")
    def root_(self, block: SealBlock) -> SafeString:
        return code(bytes(block.root).hex())

    @admin.display(description="head of the block before")
    def previous_(self, block: SealBlock) -> SafeString:
        return code(bytes(block.previous).hex())

    @admin.display(description="signature")
    def signature_(self, block: SealBlock) -> SafeString:
        return code(bytes(block.signature).hex())

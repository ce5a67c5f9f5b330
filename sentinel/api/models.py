"""Who may call the API: gateway clients, their keys, and the tokens taken back before they expired."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from sentinel.api.scope_names import SCOPES


class GatewayClient(models.Model):
    """A machine that calls the API. `livemode` false: a test client, which only meets test accounts.

    The database keeps clients, accounts and transactions of one livemode together: the ledger's triggers refuse any
    other, and a client never changes its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    scopes = models.JSONField(default=list, help_text=f"Any of: {', '.join(SCOPES)}.")
    livemode = models.BooleanField(default=True, help_text="Off for test keys. Cannot be changed later.")
    all_accounts = models.BooleanField(
        default=False, help_text="May use every account. Otherwise only those granted to it."
    )
    rate = models.CharField(
        max_length=20, blank=True, help_text='Requests per window, such as "200/s". Empty: the default.'
    )
    allowed_networks = models.JSONField(
        default=list, blank=True, help_text="Where it may call from, such as 203.0.113.0/24. Empty: anywhere."
    )
    is_active = models.BooleanField(default=True)
    secret_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            # Read by: the check that a transaction's livemode is its client's.
            models.UniqueConstraint(fields=("id", "livemode"), name="client_id_livemode"),
            models.CheckConstraint(
                name="client_rate_readable", condition=Q(rate="") | Q(rate__regex=r"^[1-9][0-9]{0,6}/[smhd]$")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """One key of a client: shown once, kept as a prefix to find it by and a keyed digest of the whole.

    `replaces` is the key whose place it takes; the database sees to it that both are of one client.
    """

    client = models.ForeignKey(GatewayClient, on_delete=models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="replacement", editable=False
    )
    # Written at most once a minute, so it may be a minute or two behind.
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_from = models.GenericIPAddressField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)
        constraints: ClassVar = [
            # Read by: the foreign key that keeps a replacement with its client.
            models.UniqueConstraint(fields=("id", "client"), name="api_key_id_client"),
            models.CheckConstraint(
                name="api_key_used_from", condition=Q(last_used_from=None) | Q(last_used_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class RevokedToken(models.Model):
    """The jti of an access or refresh token that must not be accepted any more."""

    jti = models.CharField(max_length=64, primary_key=True)
    # Read by: the authentication cache, which loads what has not expired yet.
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.jti

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
    """One key of a client: shown once, kept as a prefix to find it by and a keyed digest of the whole."""

    client = models.ForeignKey(GatewayClient, on_delete=models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.prefix}…"


class RevokedToken(models.Model):
    """The jti of an access or refresh token that must not be accepted any more."""

    jti = models.CharField(max_length=64, primary_key=True)
    # Read by: the authentication cache, which loads what has not expired yet.
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.jti

"""Secrets of endpoints, as they are kept: encrypted under the keys of this installation."""

from django.db import transaction

from sentinel.ops.secret_box import WEBHOOK_SECRETS, secret_decrypt, secret_encrypt, secret_is_current
from webhooks.models import EndpointSecret


def endpoint_secret_store(secret: str) -> bytes:
    return secret_encrypt(secret, purpose=WEBHOOK_SECRETS)


def endpoint_secret_read(encrypted: bytes) -> str:
    """Errors: cryptography.fernet.InvalidToken when no key of this installation opens it."""
    return secret_decrypt(encrypted, purpose=WEBHOOK_SECRETS)


@transaction.atomic
def endpoint_secrets_reencrypt() -> int:
    """Under the first key; how many were under another. Errors: InvalidToken, and nothing was changed."""
    changed = 0
    for row in EndpointSecret.objects.select_for_update().order_by("id"):
        if not secret_is_current(bytes(row.encrypted), purpose=WEBHOOK_SECRETS):
            row.encrypted = endpoint_secret_store(endpoint_secret_read(bytes(row.encrypted)))
            row.save(update_fields=["encrypted"])
            changed += 1
    return changed

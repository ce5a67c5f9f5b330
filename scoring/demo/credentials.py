"""demo.json: the log-ins and keys of the demo bank, which the database keeps as digests only."""

import json
from pathlib import Path
from typing import Any

from django.utils import timezone

from scoring.demo.logins import logins_ensure
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.services import (
    api_key_create,
    api_key_prefix,
    api_key_revoke,
    client_create,
    client_secret_rotate,
    digest_of,
)
from sentinel.ops.state import make_var_folder, read_json, write_private

CLIENT_NAME, TEST_CLIENT_NAME = "Demo gateway", "Demo gateway (test)"
_KEY_NAME = "seed_demo"


def client_ensure(name: str, *, livemode: bool) -> GatewayClient:
    return GatewayClient.objects.filter(name=name).first() or client_create(
        name=name, livemode=livemode, all_accounts=True
    )


def credentials_ensure(folder: Path, live: GatewayClient, test: GatewayClient, **more: str) -> dict[str, Any]:
    """What stands in demo.json. Made anew: whatever is missing, or is not known to this database."""
    path = folder / "demo.json"
    written = read_json(path)
    wanted = {
        "logins": logins_ensure(written.get("logins", [])),
        "api_key": _key_ensure(live, written.get("api_key", "")),
        "jwt_client": _secret_ensure(live, written.get("jwt_client", {})),
        "test_api_key": _key_ensure(test, written.get("test_api_key", "")),
        **more,
    }
    if wanted != written:
        make_var_folder(folder)
        write_private(path, json.dumps(wanted, indent=2))
    return wanted


def _key_ensure(client: GatewayClient, text: str) -> str:
    valid = ApiKey.objects.filter(client=client, name=_KEY_NAME, revoked_at__isnull=True)
    if valid.filter(prefix=api_key_prefix(text) or "", digest=digest_of(text)).exists():
        return text
    for key in valid:
        api_key_revoke(key=key, now=timezone.now())
    return api_key_create(client=client, name=_KEY_NAME)[1]


def _secret_ensure(client: GatewayClient, known: dict[str, str]) -> dict[str, str]:
    secret = known.get("client_secret", "")
    if client.secret_digest != digest_of(secret):
        secret = client_secret_rotate(client=client)
    return {"client_id": str(client.id), "client_secret": secret}

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from ledger.models import Account, Transaction
from scoring.services.groups import groups_ensure
from sentinel.api.models import GatewayClient
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment
from tests.scoring.conftest import artefact, dataset, supervised_artefact
from webhooks.models import Endpoint

__all__ = ["artefact", "dataset", "supervised_artefact"]  # trained once for this folder, too

REVIEWER = ("ledger.view_hold", "ledger.resolve_hold", "ledger.view_transaction", "ledger.view_account")
OPERATOR = (
    "ledger.view_account",
    "ledger.add_account",
    "ledger.change_account",
    "ledger.freeze_account",
    "api.view_gatewayclient",
    "api.add_gatewayclient",
    "api.change_gatewayclient",
    "api.view_apikey",
    "api.add_apikey",
    "api.change_apikey",
    "ledger.view_accountgrant",
    "ledger.add_accountgrant",
    "ledger.delete_accountgrant",
)

HOOKS_OPERATOR = (
    "webhooks.view_endpoint",
    "webhooks.add_endpoint",
    "webhooks.change_endpoint",
    "webhooks.view_delivery",
    "webhooks.change_delivery",
    "ledger.view_transaction",
)
HOOKS_VIEWER = ("webhooks.view_endpoint", "webhooks.view_delivery", "ledger.view_transaction")


@pytest.fixture
def sign_in(db):
    """Signs somebody in with exactly these permissions, named "app.codename"."""

    def sign_in_with(username: str, *permissions: str) -> Client:
        user = User.objects.create_user(username, is_staff=True)
        for name in permissions:
            app_label, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def reviewer(sign_in):
    return sign_in("ravi", *REVIEWER)


@pytest.fixture
def operator(sign_in):
    return sign_in("olivia", *OPERATOR)


@pytest.fixture
def hooks_operator(sign_in):
    return sign_in("omar", *HOOKS_OPERATOR)


@pytest.fixture
def hooks_viewer(sign_in):
    """Sees endpoints and deliveries, and may do nothing with them."""
    return sign_in("vera", *HOOKS_VIEWER)


@pytest.fixture
def no_other_endpoints(db):
    """Tests that commit leave theirs behind. They are back when this test is rolled back."""
    Endpoint.objects.all().delete()


@pytest.fixture
def nobody(sign_in):
    """Staff without a permission."""
    return sign_in("nils")


@pytest.fixture
def gateway_client(db) -> GatewayClient:
    return make_client()


@pytest.fixture
def account_alice(db) -> Account:
    return make_account()


@pytest.fixture
def held(account_alice, gateway_client) -> Transaction:
    """A payment of 5,400.00 INR that waits for a reviewer."""
    return make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=540_000)


@pytest.fixture
def paid(account_alice, gateway_client) -> Transaction:
    return make_payment(account_alice, gateway_client, amount_minor=5_400, now=timezone.now() - timedelta(minutes=1))


@pytest.fixture
def chief(sign_in) -> Client:
    """An administrator of people."""
    groups_ensure()
    client: Client = sign_in("chief")
    User.objects.get(username="chief").groups.add(Group.objects.get(name="People administrator"))
    return client

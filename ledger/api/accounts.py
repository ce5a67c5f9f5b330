"""The bank's accounts: make, change, read, freeze; balance."""

from datetime import datetime, timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.schemas import AccountIn, AccountOut, BalanceOut, FreezeIn
from ledger.domain.payments import AccountStatus
from ledger.domain.receipts import rfc3339
from ledger.models import Account
from ledger.selectors.accounts import account_for
from ledger.services.accounts import AccountTerms, account_id_check, account_put, account_set_status
from sentinel.api.documentation import problems
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import AmountError, format_amount, parse_amount

# A bank's clock may be this much ahead of ours.
FUTURE_TOLERANCE = timedelta(minutes=5)


class AccountView(ApiView):
    scopes = {"GET": "accounts:read", "PUT": "accounts:write"}

    @extend_schema(
        operation_id="account_read",
        summary="Read an account",
        responses={200: AccountOut, **problems(404)},
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """The account, if it is granted to the client."""
        return Response(account_json(account_for(client_of(request), account_id)))

    @extend_schema(
        operation_id="account_put",
        summary="Make or change an account",
        request=AccountIn,
        responses={200: AccountOut, 201: AccountOut, **problems(400, 403, 409)},
        tags=["accounts"],
    )
    def put(self, request: Request, account_id: str) -> Response:
        """Makes the account, or changes it; sending the same again changes nothing. The currency never changes.

        A field that is absent or null keeps what is there; only a null `daily_limit` takes the limit away.
        """
        account_id_check(account_id)
        body = AccountIn.model_validate(json_object(request))
        client, now = client_of(request), timezone.now()
        _check_opened_at(body.opened_at, now)
        account, is_new = account_put(account_id=account_id, terms=account_terms(body), client=client, now=now)
        return Response(account_json(account), 201 if is_new else 200)


class BalanceView(ApiView):
    scopes = {"GET": "accounts:read"}

    @extend_schema(
        operation_id="account_balance",
        summary="Read a balance",
        responses={200: BalanceOut, **problems(404)},
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """Posted money, held money, and what is available: posted less held."""
        return Response(balance_json(account_for(client_of(request), account_id)))


class FreezeView(ApiView):
    scopes = {"POST": "accounts:write"}

    @extend_schema(
        operation_id="account_freeze",
        summary="Freeze or thaw an account",
        request=FreezeIn,
        responses={200: AccountOut, **problems(400, 403, 404, 409)},
        tags=["accounts"],
    )
    def post(self, request: Request, account_id: str) -> Response:
        """A frozen account declines every payment from the next one on."""
        body = FreezeIn.model_validate(json_object(request))
        client = client_of(request)
        account = account_for(client, account_id)
        status = AccountStatus.FROZEN if body.frozen else AccountStatus.ACTIVE
        account = account_set_status(
            account_id=account.id, status=status, actor=client.name, reason=body.reason, now=timezone.now()
        )
        return Response(account_json(account))


def account_terms(body: AccountIn) -> AccountTerms:
    errors: list[FieldError] = []

    def minor(name: str, text: str | None) -> int | None:
        try:
            return None if text is None else parse_amount(text, body.currency)
        except AmountError as error:
            errors.append(FieldError(name, error.code, str(error)))
            return None

    terms = AccountTerms(
        currency=body.currency,
        home_country=body.home_country,
        home_zone=body.home_zone,
        name=body.name,
        risk=body.risk,
        floor_minor=minor("floor", body.floor),
        daily_limit_minor=minor("daily_limit", body.daily_limit),
        removes_daily_limit="daily_limit" in body.model_fields_set and body.daily_limit is None,
        opened_at=body.opened_at,
        opening_balance_minor=minor("opening_balance", body.opening_balance),
    )
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors)}.", errors=errors)
    return terms


def _check_opened_at(opened_at: datetime | None, now: datetime) -> None:
    if opened_at is not None and opened_at > now + FUTURE_TOLERANCE:
        words = "The account cannot have been opened in the future."
        raise InvalidRequest(words, errors=[FieldError("opened_at", "in_the_future", words)])


def account_json(account: Account) -> dict[str, object]:
    limit = account.daily_limit_minor
    return {
        "id": account.id,
        "currency": account.currency,
        "home_country": account.home_country,
        "home_zone": account.home_zone,
        "name": account.name,
        "status": account.status,
        "risk": account.risk,
        "floor": format_amount(account.balance.floor_minor, account.currency),
        "daily_limit": None if limit is None else format_amount(limit, account.currency),
        "opened_at": rfc3339(account.opened_at),
        "livemode": account.livemode,
    }


def balance_json(account: Account) -> dict[str, str]:
    balance = account.balance
    return {
        "account_id": account.id,
        "currency": account.currency,
        "posted": format_amount(balance.posted_minor, account.currency),
        "held": format_amount(balance.held_minor, account.currency),
        "available": format_amount(balance.available_minor, account.currency),
    }

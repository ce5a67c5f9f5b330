"""Payments of mobile money for tests."""

from pathlib import Path
from typing import Any

from scoring.domain.mobile_money.payments import MobilePayment, MobileType

NAMES = {
    "step": "step",
    "type": "type",
    "amount_minor": "amount",
    "origin": "nameOrig",
    "origin_before_minor": "oldbalanceOrg",
    "origin_after_minor": "newbalanceOrig",
    "destination": "nameDest",
    "destination_before_minor": "oldbalanceDest",
    "destination_after_minor": "newbalanceDest",
}


def paid(**fields: Any) -> MobilePayment:
    """An ordinary purchase by day, unless told otherwise."""
    ordinary: dict[str, Any] = {
        "step": 12,
        "type": MobileType.PAYMENT,
        "amount_minor": 20_00,
        "origin": "C1",
        "origin_before_minor": 500_00,
        "origin_after_minor": 480_00,
        "destination": "M1",
        "destination_before_minor": 0,
        "destination_after_minor": 0,
    }
    return MobilePayment(**(ordinary | fields))


def drained(**fields: Any) -> MobilePayment:
    """A transfer of all there is, by night, to an account elsewhere."""
    taken = {
        "step": 1,
        "type": MobileType.TRANSFER,
        "amount_minor": 181_00,
        "origin_before_minor": 181_00,
        "origin_after_minor": 0,
        "destination": "C2",
    }
    return paid(**(taken | fields))


def item(payment: MobilePayment, **fields: Any) -> dict[str, Any]:
    """As it is sent."""
    found: dict[str, Any] = {}
    for ours, theirs in NAMES.items():
        value = getattr(payment, ours)
        found[theirs] = f"{value / 100:.2f}" if ours.endswith("_minor") else value
    return found | fields


def paysim_file() -> Path | None:
    """The first rows of the public file, which is not ours to ship: beside the project, or nowhere."""
    for folder in Path(__file__).resolve().parents:
        if (found := folder / "shared" / "data" / "paysim_first4999.csv.gz").is_file():
            return found
    return None

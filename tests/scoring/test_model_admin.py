import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scoring.models import ModelVersion
from tests.scoring.conftest import NOW, VERSION

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> ModelVersion:
    metrics = {"rows": 11361, "average_precision": 0.1378, "recall_at_half_percent": None}
    return ModelVersion.objects.create(
        version=VERSION,
        kind="isolation_forest",
        catalogue_version=1,
        sha256="a" * 64,
        metrics=metrics,
        created_at=NOW,
    )


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("olivia"))
    return client


def test_the_list_and_the_page_show_what_was_measured(operator: Client, model: ModelVersion) -> None:
    page = operator.get(reverse("admin:scoring_modelversion_change", args=[model.pk])).content.decode()
    listed = operator.get(reverse("admin:scoring_modelversion_changelist")).content.decode()

    assert VERSION in listed
    assert "0.138" in listed
    assert "average precision: <strong>0.138</strong>" in page
    assert "11,361" in page


def test_nobody_changes_a_model_by_hand(operator: Client, model: ModelVersion) -> None:
    changed = operator.post(reverse("admin:scoring_modelversion_change", args=[model.pk]), {"state": "champion"})
    deleted = operator.post(reverse("admin:scoring_modelversion_delete", args=[model.pk]), {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert ModelVersion.objects.get().state == "candidate"

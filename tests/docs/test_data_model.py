"""The diagrams of docs/data-model.md are what the models say. SENTINEL_WRITE_DOCS=true draws them anew."""

import os

import pytest
from django.apps import apps

from tests.docs.diagrams import BY_VALUE, PICTURES, drawn
from tests.docs.documents import DOCS

PAGE = DOCS / "data-model.md"
SHOWN = {label for picture in PICTURES for column in picture.columns for label in column.split()}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_diagrams_are_what_the_models_say(picture):
    path = DOCS / "images" / f"{picture.name}.svg"
    if os.environ.get("SENTINEL_WRITE_DOCS") == "true":
        path.write_text(drawn(picture))

    assert path.read_text() == drawn(picture)
    assert f"images/{picture.name}.svg" in PAGE.read_text()


def test_whatever_is_recorded_is_in_a_picture():
    apps_of_the_product = ("ledger", "rules", "scoring", "webhooks", "dashboard", "api")
    models = [model for name in apps_of_the_product for model in apps.get_app_config(name).get_models()]
    recorded = {
        model._meta.label
        for model in models
        if getattr(model, "insert_only", False)
        or model._meta.app_label == "ledger"
        or model.__name__.endswith(("Fact", "Dimension"))
    }

    assert sorted(recorded - SHOWN) == []


@pytest.mark.parametrize("fact", ["dashboard.DecisionFact", "dashboard.RuleFact"])
def test_facts_are_joined_to_their_dimensions_by_columns_of_one_type(fact):
    by_value = {column: labels[-1] for column, labels in BY_VALUE.items()}
    columns = [field for field in apps.get_model(fact)._meta.concrete_fields if field.column in by_value]
    joined = [(field, apps.get_model(by_value[field.column])._meta.pk) for field in columns]

    assert joined
    assert [field.column for field, key in joined if field.get_internal_type() != key.get_internal_type()] == []


def test_each_table_of_the_ledger_is_held_against_the_third_normal_form():
    ledger = list(apps.get_app_config("ledger").get_models())
    text = PAGE.read_text()

    assert [model._meta.db_table for model in ledger if f"| `{model._meta.db_table}`" not in text] == []

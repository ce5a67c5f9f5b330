"""The registry in the Admin: what a model is, the steps of its way, what the gate said, and who may do what."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from ledger.models import AuditEntry
from scoring.domain.dataset import Dataset
from scoring.models import EvaluationRun, ModelEvaluation, ModelPromotion, ModelVersion, PolicyVersion
from scoring.services.evaluation_runs import evaluation_run
from scoring.services.groups import groups_ensure
from scoring.services.models import model_register
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import model_promote
from sentinel.core.catalogue import BY_NAME
from tests.scoring.conftest import NOW
from tests.scoring.registry import copied, evaluate, known_out_of, no_champion, states

FIRST, SECOND, TREES = "card-2026-01-30.1", "card-2026-01-30.2", "card-2026-01-30.3"
LIST = reverse("admin:scoring_modelversion_changelist")
SEEN_AT = datetime(2024, 2, 12, tzinfo=UTC)  # when all labels of the bundled payments in use had arrived
THRESHOLDS = {"review_percentile": 0.995, "review_probability": 0.3}


@pytest.fixture(autouse=True)
def registered(db, artefact: Path, supervised_artefact: Path, tmp_path: Path, settings) -> None:
    """A forest decides; another and boosted trees are candidates."""
    settings.MODEL_DIR = tmp_path
    no_champion()
    shipped_policy_publish(thresholds=THRESHOLDS, note="", now=NOW)
    for version, source in ((FIRST, artefact), (SECOND, artefact), (TREES, supervised_artefact)):
        model_register(manifest=copied(source, tmp_path / version), now=NOW)
    model_promote(version=FIRST, actor="tests", now=NOW)


@pytest.fixture
def member(db):
    """Signs somebody in as a member of one of the groups that come with the product."""
    groups_ensure()

    def sign_in(group: str) -> Client:
        user = User.objects.create_user(group.lower(), is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def operator(member) -> Client:
    return member("Operator")


@pytest.fixture
def approver(member) -> Client:
    return member("Approver")


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    """The runs that a worker was told of."""
    told: list[int] = []
    monkeypatch.setattr("scoring.admin.model_steps.evaluation_run.delay", told.append)
    return told


@pytest.fixture
def known(monkeypatch, dataset: Dataset) -> None:
    """The bundled payments are those of the record."""
    monkeypatch.setattr("scoring.services.model_evaluation.payments_known", known_out_of(dataset))


def row(version: str) -> ModelVersion:
    return ModelVersion.objects.get(version=version)


def page(version: str) -> str:
    return reverse("admin:scoring_modelversion_change", args=[row(version).pk])


def step(version: str, name: str) -> str:
    return reverse("admin:scoring_model_step", args=[row(version).pk, name])


def result(evaluation: ModelEvaluation) -> str:
    return reverse("admin:scoring_model_evaluation", args=[evaluation.model_id, evaluation.pk])


def shown(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def refused(client: Client, url: str, told: dict[str, Any] | None = None) -> str:
    """The page that says why not; nothing but the question itself was done."""
    before = (states(), ModelPromotion.objects.count(), AuditEntry.objects.count())
    answer = client.post(url, told or {})
    assert answer.status_code == 200
    assert (states(), ModelPromotion.objects.count(), AuditEntry.objects.count()) == before
    return answer.content.decode()


def done(client: Client, url: str, told: dict[str, Any] | None = None) -> None:
    answer = client.post(url, told or {})
    assert answer.status_code == 302, answer.content.decode()


def test_the_list_tells_state_data_figures_and_who_promoted(operator: Client):
    evaluate(TREES, FIRST)

    listed = shown(operator, LIST)

    assert '<span class="badge champion">champion</span>' in listed
    assert "by tests" in listed
    assert "boosted trees" in listed
    assert '<span class="badge passed">passed</span>' in listed
    part = row(TREES).manifest["classifier"]
    assert f"{part['metrics']['average_precision']:.3f}" in listed
    assert f"from {part['training']['frauds']} frauds" in listed
    assert "without labels" in listed


def test_the_list_reads_no_manifests(operator: Client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        operator.get(LIST)
    assert "manifest" in operator.get(LIST).context["cl"].result_list[0].get_deferred_fields()


def test_a_model_page_says_what_it_is_for_a_person(operator: Client):
    told = shown(operator, page(TREES))

    part = row(TREES).manifest["classifier"]
    assert f"Boosted trees that learned from {part['training']['frauds']} frauds among" in told
    assert f"it finds {100 * part['metrics']['recall_at_half_percent']:.0f} % of the fraud" in told
    assert 'aria-current="step">candidate' in told
    most = max(part["importances"], key=part["importances"].get)
    assert f'<th scope="row">{escape(BY_NAME[most].words)}</th>' in told
    for heading in ("This model", "The forest", "Sorted by amount", "Do its probabilities come true?"):
        assert heading in told
    assert part["sha256"] in told
    assert row(TREES).manifest["pipeline_sha256"] in told


def test_every_plot_has_its_numbers_as_a_table(operator: Client):
    context = operator.get(page(TREES)).context

    titles = [plot.title for plot in context["plots"]]
    assert titles == ["Fraud found, and what it costs", "Do its probabilities come true?", "How its scores spread"]
    curves = row(TREES).manifest["curves"]
    assert [len(plot.tables[0].rows) for plot in context["plots"][:2]] == [
        len(curves["precision_recall"]),
        len(curves["calibration"]),
    ]
    spread = context["plots"][2].tables[0].rows
    assert sum(int(each[2].replace(",", "")) for each in spread) == sum(
        each["frauds"] for each in curves["distribution"]
    )


def test_a_forest_claims_no_probability(operator: Client):
    told = shown(operator, page(FIRST))

    assert "nobody told it what was fraud" in told
    assert "Do its probabilities come true?" not in told
    assert "A percentile is no probability" in told


def test_what_was_not_measured_is_not_told_as_zero(operator: Client):
    manifest = row(SECOND).manifest
    forest = {**manifest["forest"], "metrics": {}, "importances": {}}
    bare = {**manifest, "version": "card-2026-01-30.9", "baseline": {}, "curves": {}, "forest": forest}
    ModelVersion.objects.create(
        version="card-2026-01-30.9",
        kind="isolation_forest",
        catalogue_version=3,
        sha256="a" * 64,
        manifest=bare,
        created_at=NOW,
    )

    told, listed = shown(operator, page("card-2026-01-30.9")), shown(operator, LIST)

    assert "How much fraud it finds was not measured." in told
    assert "it is not known which are fraud" in told
    assert '<td class="field-average_precision">-</td>' in listed


def test_a_manifest_of_an_earlier_form_is_told_as_such(operator: Client):
    ModelVersion.objects.create(
        version="card-2025-01-30.1",
        kind="isolation_forest",
        catalogue_version=1,
        sha256="b" * 64,
        manifest={},
        state="retired",
        created_at=NOW,
    )

    assert "of an earlier form" in shown(operator, page("card-2025-01-30.1"))
    assert "card-2025-01-30.1" in shown(operator, LIST)


def test_a_candidate_challenges_and_is_retired(operator: Client):
    done(operator, step(TREES, "challenge"))
    assert 'aria-current="step">challenger' in shown(operator, page(TREES))

    done(operator, step(TREES, "retire"))
    assert states()[TREES] == "retired"
    assert "only a candidate becomes a challenger" in refused(operator, step(TREES, "challenge"))


def test_an_evaluation_is_asked_for_run_and_read(operator: Client, queued: list[int], known):
    done(operator, step(TREES, "evaluate"))
    run = EvaluationRun.objects.get()
    assert queued == [run.pk]
    assert "waiting for a worker" in shown(operator, page(TREES))
    assert "Evaluate beside the champion…" not in shown(operator, page(TREES))

    evaluation_run(run_id=run.pk, clock=lambda: SEEN_AT)

    run.refresh_from_db()
    assert run.evaluation is not None
    assert (run.state, run.evaluation.evaluated_by) == ("done", "operator")
    told = operator.get(result(run.evaluation))
    assert len(told.context["lines"]) == len(run.evaluation.lines) > 12
    words = told.content.decode()
    for each in ("No worse on new accounts", "Not too good to be true", "Side by side", f"Its scores: {TREES}"):
        assert each in words
    assert told.context["verdict"] in shown(operator, page(TREES))


def test_a_second_evaluation_is_refused_while_one_is_under_way(operator: Client, queued: list[int]):
    done(operator, step(TREES, "evaluate"))

    assert "is under way" in refused(operator, step(TREES, "evaluate"))
    assert EvaluationRun.objects.count() == len(queued) == 1


def test_a_run_is_taken_by_one_worker(operator: Client, queued: list[int], known):
    done(operator, step(TREES, "evaluate"))
    for _ in range(2):
        evaluation_run(run_id=queued[0], clock=lambda: SEEN_AT)

    assert ModelEvaluation.objects.filter(model=row(TREES)).count() == 1


def test_an_evaluation_that_cannot_be_made_says_why(operator: Client, queued: list[int]):
    done(operator, step(TREES, "evaluate"))
    evaluation_run(run_id=queued[0], clock=lambda: SEEN_AT)

    assert "is known to be fraud or legitimate" in shown(operator, page(TREES))
    assert EvaluationRun.objects.get().state == "failed"
    done(operator, step(TREES, "evaluate"))  # again


def test_what_nobody_expected_is_kept_and_raised(operator: Client, queued: list[int], monkeypatch):
    def breaks(**_):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr("scoring.services.model_evaluation.payments_known", breaks)
    done(operator, step(TREES, "evaluate"))

    with pytest.raises(RuntimeError):
        evaluation_run(run_id=queued[0], clock=lambda: SEEN_AT)
    told = shown(operator, page(TREES))
    assert "failed unexpectedly" in told
    assert "disk on fire" not in told


def test_without_a_worker_the_page_says_so(operator: Client, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(_):
        raise OperationalError("connection refused")

    monkeypatch.setattr("scoring.admin.model_steps.evaluation_run.delay", away)

    assert "could not be reached" in operator.post(step(TREES, "evaluate")).content.decode()
    assert EvaluationRun.objects.get().state == "failed"


def test_a_run_that_lost_its_worker_is_told_and_makes_room(operator: Client, queued: list[int]):
    earlier = timezone.now() - timedelta(minutes=11)
    lost = EvaluationRun.objects.create(
        model=row(TREES), state="running", asked_by="olga", asked_at=earlier, heard_at=earlier
    )
    assert "has lost its worker" in shown(operator, page(TREES))

    done(operator, step(TREES, "evaluate"))

    lost.refresh_from_db()
    assert (lost.state, queued) == ("failed", [EvaluationRun.objects.latest("id").pk])
    evaluation_run(run_id=lost.pk, clock=timezone.now)  # its message comes late
    lost.refresh_from_db()
    assert lost.state == "failed"


def test_the_champion_is_not_evaluated_beside_itself(operator: Client):
    assert "no other champion" in refused(operator, step(FIRST, "evaluate"))
    assert EvaluationRun.objects.count() == 0


def test_a_model_that_passed_is_promoted(operator: Client):
    evaluation = evaluate(TREES, FIRST)
    asked = shown(operator, step(TREES, "promote"))
    assert f"{FIRST}, isolation forest; it is retired by this" in asked
    assert "The policy must have thresholds on the fraud probability." in asked

    done(operator, step(TREES, "promote"), {"evaluation": evaluation.pk})

    assert (states()[TREES], states()[FIRST]) == ("champion", "retired")
    promotion = ModelPromotion.objects.latest("id")
    assert (promotion.evaluation, promotion.promoted_by, promotion.override_reason) == (evaluation, "operator", "")
    assert f"Promoted in the place of {FIRST}" in shown(operator, page(TREES))
    assert f"Replaced by {TREES}" in shown(operator, page(FIRST))


def test_the_first_model_is_promoted_without_the_gate(operator: Client):
    no_champion()

    done(operator, step(SECOND, "promote"))

    assert states()[SECOND] == "champion"


def test_nothing_is_promoted_without_an_evaluation(operator: Client):
    assert step(TREES, "promote") not in shown(operator, page(TREES))
    assert f"was not evaluated beside {FIRST}" in refused(operator, step(TREES, "promote"))


def test_only_the_latest_evaluation_counts(operator: Client):
    passed = evaluate(TREES, FIRST)
    newer = evaluate(TREES, FIRST, passed=False)

    assert "evaluated again meanwhile" in refused(operator, step(TREES, "promote"), {"evaluation": passed.pk})
    told = refused(operator, step(TREES, "promote"), {"evaluation": newer.pk})
    assert "It finds less than the champion." in told
    assert step(TREES, "promote") not in shown(operator, page(TREES))


def test_an_evaluation_beside_an_earlier_champion_does_not_count(operator: Client):
    stale = evaluate(TREES, FIRST)
    done(operator, step(SECOND, "promote"), {"evaluation": evaluate(SECOND, FIRST).pk})

    assert f"was not evaluated beside {SECOND}" in shown(operator, page(TREES))
    assert "does not open the gate" in shown(operator, result(stale))
    assert f"beside {SECOND}" in refused(operator, step(TREES, "promote"), {"evaluation": stale.pk})


def test_where_the_gate_alone_is_not_enough_whoever_promotes_answers(operator: Client):
    evaluation = evaluate(TREES, FIRST, needs_approval=True)

    assert "Whoever promotes it here is that person." in shown(operator, step(TREES, "promote"))
    assert "if a person answers for it" in shown(operator, page(TREES))
    done(operator, step(TREES, "promote"), {"evaluation": evaluation.pk})
    assert ModelPromotion.objects.latest("id").promoted_by == "operator"


def test_a_proposed_threshold_leads_to_the_draft_of_a_policy(approver: Client):
    evaluate(TREES, FIRST, proposed_threshold=0.1234)

    asked = shown(approver, step(TREES, "promote"))

    assert "from fraud probability 0.1234" in asked
    assert "says 0.3" in asked
    drafts = f"{reverse('admin:scoring_policyversion_add')}?review_probability=0.1234"
    assert drafts in asked
    assert 'name="review_probability" value="0.1234"' in shown(approver, drafts)
    assert 'name="review_percentile" value="0.995"' in shown(approver, drafts)


def test_a_model_of_another_kind_needs_its_policy(operator: Client):
    shipped_policy_publish(thresholds={"review_percentile": 0.995}, note="", now=NOW)
    evaluation = evaluate(TREES, FIRST)

    told = refused(operator, step(TREES, "promote"), {"evaluation": evaluation.pk})

    assert "has no threshold on the fraud probability" in told


def test_a_model_whose_files_are_altered_is_not_promoted(operator: Client, tmp_path: Path):
    evaluation = evaluate(TREES, FIRST)
    (tmp_path / TREES / "classifier.onnx").write_bytes(b"planted")

    refused(operator, step(TREES, "promote"), {"evaluation": evaluation.pk})
    shutil.rmtree(tmp_path / TREES)
    refused(operator, step(TREES, "challenge"))


def test_the_gate_is_overruled_with_a_reason_by_whoever_may(operator: Client, approver: Client):
    evaluation = evaluate(TREES, FIRST, passed=False)
    told = {"note": "a wave of card testing, until Monday"}

    assert operator.post(step(TREES, "override"), told).status_code == 403
    assert "Promote all the same" not in shown(operator, page(TREES))
    assert 'class="button danger"' in shown(approver, step(TREES, "override"))
    assert "It finds less than the champion." in shown(approver, step(TREES, "override"))
    assert "This field is required." in refused(approver, step(TREES, "override"), {"note": ""})
    assert "full card number" in refused(approver, step(TREES, "override"), {"note": "4111 1111 1111 1111"})
    done(approver, step(TREES, "override"), told)

    promotion = ModelPromotion.objects.latest("id")
    assert (promotion.override_reason, promotion.evaluation) == (told["note"], evaluation)
    entry = AuditEntry.objects.get(action="model.promoted", subject=f"model {TREES}")
    assert (entry.actor, entry.details["override_reason"]) == ("approver", told["note"])
    assert "against the gate" in shown(operator, page(TREES))


def test_what_the_gate_lets_pass_is_not_overruled(approver: Client):
    evaluate(TREES, FIRST)

    assert "nothing to overrule" in refused(approver, step(TREES, "override"), {"note": "to be quick"})


def test_the_model_before_is_brought_back(operator: Client):
    done(operator, step(SECOND, "promote"), {"evaluation": evaluate(SECOND, FIRST).pk})
    assert f"<td>{FIRST}, isolation forest</td>" in shown(operator, step(SECOND, "roll-back"))

    done(operator, step(SECOND, "roll-back"))

    assert (states()[FIRST], states()[SECOND]) == ("champion", "retired")
    assert f"Rolled back to {FIRST}" in shown(operator, page(SECOND))
    assert f"{SECOND} is not the champion any more" in refused(operator, step(SECOND, "roll-back"))


def test_there_is_no_way_back_from_the_first_champion(operator: Client):
    assert step(FIRST, "roll-back") not in shown(operator, page(FIRST))
    assert "No model was the champion before this one." in refused(operator, step(FIRST, "roll-back"))


@pytest.mark.parametrize("name", ["challenge", "evaluate", "promote", "override", "roll-back", "retire"])
def test_an_analyst_sees_and_changes_nothing(member, name: str):
    analyst = member("Analyst")
    evaluate(TREES, FIRST)

    assert TREES in shown(analyst, LIST)
    assert "/step/" not in shown(analyst, page(TREES))
    assert analyst.get(step(TREES, name)).status_code == 403
    assert analyst.post(step(TREES, name), {"note": "x"}).status_code == 403
    assert states()[FIRST] == "champion"


def test_strangers_see_nothing(nobody: Client):
    evaluation = evaluate(TREES, FIRST)

    for url in (LIST, page(TREES), result(evaluation), step(TREES, "promote")):
        assert nobody.get(url).status_code == 403


def test_nobody_changes_a_model_by_hand(admin_client: Client):
    delete = reverse("admin:scoring_modelversion_delete", args=[row(TREES).pk])

    assert admin_client.post(page(TREES), {"state": "champion"}).status_code == 403
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    assert admin_client.get(reverse("admin:scoring_modelversion_add")).status_code == 403
    assert states()[TREES] == "candidate"


def test_what_is_not_there_is_not_found(operator: Client):
    evaluation = evaluate(TREES, FIRST)
    elsewhere = reverse("admin:scoring_model_evaluation", args=[row(SECOND).pk, evaluation.pk])
    missing = reverse("admin:scoring_modelversion_change", args=[10**9])

    for url in (step(TREES, "fly"), elsewhere, missing, missing.replace("1000000000", "x")):
        assert operator.get(url).status_code == 404


def test_nothing_inline_stands_on_the_pages(operator: Client, queued: list[int], known):
    done(operator, step(TREES, "evaluate"))
    evaluation_run(run_id=queued[0], clock=lambda: SEEN_AT)

    for url in (page(TREES), result(ModelEvaluation.objects.latest("id")), step(TREES, "retire")):
        told = shown(operator, url)
        for forbidden in ("<style", " style=", "<script>", " onclick="):
            assert forbidden not in told, (url, forbidden)


def test_the_start_page_names_the_champion(operator: Client, monkeypatch):
    monkeypatch.setattr("dashboard.start_page.run_probes", list)

    told = shown(operator, reverse("admin:index"))

    assert f'<a href="{page(FIRST)}">{FIRST}</a>' in told
    found = row(FIRST).manifest["forest"]["metrics"]["recall_at_half_percent"]
    assert f"it found {100 * found:.0f} % of the fraud" in told


def test_the_database_keeps_a_finished_run_and_one_under_way(queued: list[int]):
    now = timezone.now()
    fields: dict[str, Any] = {"model": row(TREES), "asked_by": "olga", "asked_at": now, "heard_at": now}
    run = EvaluationRun.objects.create(**fields)

    with pytest.raises(IntegrityError, match="evaluation_run_one_at_a_time"), transaction.atomic():
        EvaluationRun.objects.create(**fields)
    with pytest.raises(IntegrityError, match="says_what_came_of_it"), transaction.atomic():
        EvaluationRun.objects.filter(pk=run.pk).update(state="done", finished_at=now)
    EvaluationRun.objects.filter(pk=run.pk).update(state="failed", failure="lost", finished_at=now)
    with pytest.raises(IntegrityError, match="it is finished"), transaction.atomic():
        EvaluationRun.objects.filter(pk=run.pk).update(failure="found")
    with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
        run.delete()


def test_a_draft_from_a_proposal_takes_thresholds_alone(approver: Client):
    before = PolicyVersion.objects.count()

    told = shown(approver, f"{reverse('admin:scoring_policyversion_add')}?note=sneaky&decline_probability=abc")

    assert "sneaky" not in told
    assert PolicyVersion.objects.count() == before

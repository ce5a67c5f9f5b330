"""The pictures of docs/data-model.md, drawn from the models themselves: tables, columns, and what points at what."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from django.apps import apps
from django.db import models

WIDTH, ROW, HEAD, GAP_X, GAP_Y, MARGIN, TITLE = 256, 17, 26, 64, 30, 20, 34


@dataclass(frozen=True)
class Picture:
    """Models by their labels, in columns from left to right."""

    name: str
    title: str
    columns: tuple[str, ...]


PICTURES = (
    Picture(
        "data-model-payments",
        "A payment, its decision and its key",
        (
            "ledger.Account ledger.AccountBalance ledger.AccountGrant api.GatewayClient",
            "ledger.Transaction ledger.PersonalDetail ledger.ImportedTransaction",
            "ledger.Decision ledger.IdempotencyKey ledger.OperationReceipt",
        ),
    ),
    Picture(
        "data-model-money",
        "Money: entries and postings, holds and reversals",
        (
            "ledger.Account ledger.Transaction",
            "ledger.Posting ledger.Entry ledger.Reversal",
            "ledger.Hold ledger.HoldResolution ledger.ReportingRate",
        ),
    ),
    Picture(
        "data-model-people",
        "What people make of a payment: cases, notes, labels, audit",
        (
            "ledger.Transaction ledger.AccountNote ledger.ReviewTerms",
            "ledger.Case ledger.SampledReview ledger.AuditEntry",
            "ledger.PendingVerdict ledger.CaseNote ledger.Label ledger.LabelImport",
        ),
    ),
    Picture(
        "data-model-telling",
        "What is told, and the seal",
        (
            "ledger.Transaction ledger.SealBlock ledger.SealLeaf",
            "ledger.Event ledger.OutboxPending ledger.BankEvent ledger.RecordMark ledger.DecisionTime",
            "webhooks.Delivery webhooks.Attempt webhooks.Endpoint webhooks.EndpointSecret",
        ),
    ),
    Picture(
        "data-model-rules",
        "What decides: rules and lists",
        (
            "rules.Rule rules.RulesetVersion rules.List",
            "rules.RuleVersion rules.RulesetMember rules.ListItem",
            "rules.ApprovalRequest rules.Simulation rules.BreakGlass",
        ),
    ),
    Picture(
        "data-model-models",
        "What decides: policies and models",
        (
            "scoring.PolicyVersion scoring.PolicyRequest scoring.PolicyRelease",
            "scoring.ModelVersion scoring.ModelPromotion scoring.ChallengerScore",
            "scoring.ModelEvaluation scoring.Prediction",
        ),
    ),
    Picture(
        "data-model-star",
        "The star: facts and their dimensions",
        (
            "dashboard.DateDimension dashboard.HourDimension dashboard.AccountDimension dashboard.SharedValue",
            "dashboard.DecisionFact dashboard.RuleFact",
            "dashboard.MerchantDimension dashboard.OutcomeDimension dashboard.ModelDimension dashboard.RuleDimension",
        ),
    ),
)
# Columns that name a row of another table by value, where no foreign key says so: the first of these in the picture.
BY_VALUE = {
    "transaction_id": ("ledger.Transaction", "dashboard.DecisionFact"),
    "entry_id": ("ledger.Entry",),
    "event_id": ("ledger.Event",),
    "day": ("dashboard.DateDimension",),
    "hour": ("dashboard.HourDimension",),
    "outcome_code": ("dashboard.OutcomeDimension",),
    "model_version": ("dashboard.ModelDimension",),
    "version": ("dashboard.RuleDimension",),
}
_STYLE = """
  .back { fill: #f5f7f9 } .box { fill: #fff; stroke: #b8c2cf } .kept { fill: #eef4fb; stroke: #8fb0d6 }
  .title { font-size: 15px; font-weight: 600; fill: #1d2733 }
  .name { font-size: 13px; font-weight: 600; fill: #1d2733 }
  .column { font-size: 11px; fill: #3d4856 } .kind { fill: #77828f } .key { font-weight: 600 }
  .line { stroke: #5b6675; fill: none; marker-end: url(#one) } .checked { stroke-dasharray: 5 4 }
"""
_ONE = '<marker id="one" viewBox="0 0 8 8" refX="4" refY="4"><circle cx="4" cy="4" r="3.5" fill="#5b6675"/></marker>'


@dataclass(frozen=True)
class Box:
    model: type[models.Model]
    x: int
    y: int

    @property
    def fields(self) -> list[models.Field]:
        return list(self.model._meta.concrete_fields)

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.fields) + 8

    def place_of(self, field: models.Field) -> int:
        return self.y + HEAD + ROW * self.fields.index(field) + ROW // 2


def drawn(picture: Picture) -> str:
    boxes = list(_boxes(picture))
    by_model = {box.model: box for box in boxes}
    width = MARGIN * 2 + len(picture.columns) * (WIDTH + GAP_X) - GAP_X
    height = max(box.y + box.height for box in boxes) + MARGIN
    lines = (line for box in boxes for line in _lines(box, by_model))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
            "     font-family=\"system-ui, 'Segoe UI', 'Liberation Sans', Arial, sans-serif\">",
            "  <!-- Written by tests/docs/diagrams.py from the models. -->",
            f"  <title>{escape(picture.title)}</title>",
            f"  <style>{_STYLE}  </style>",
            f"  <defs>{_ONE}</defs>",
            f'  <rect class="back" width="{width}" height="{height}" rx="10"/>',
            f'  <text class="title" x="{MARGIN}" y="{MARGIN + 6}">{escape(picture.title)}</text>',
            *lines,
            *(text for box in boxes for text in _box(box)),
            "</svg>\n",
        ]
    )


def _boxes(picture: Picture) -> Iterator[Box]:
    for number, labels in enumerate(picture.columns):
        y = MARGIN + TITLE
        for label in labels.split():
            box = Box(apps.get_model(label), MARGIN + number * (WIDTH + GAP_X), y)
            yield box
            y += box.height + GAP_Y


def _box(box: Box) -> Iterator[str]:
    kind = "kept" if getattr(box.model, "insert_only", False) else "box"
    yield f'  <rect class="{kind}" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}" rx="6"/>'
    yield f'  <text class="name" x="{box.x + 10}" y="{box.y + 18}">{box.model._meta.db_table}</text>'
    for field in box.fields:
        y = box.place_of(field) + 4
        key = " key" if field in box.model._meta.pk_fields else ""
        yield f'  <text class="column{key}" x="{box.x + 10}" y="{y}">{field.column}</text>'
        yield (
            f'  <text class="column kind" x="{box.x + WIDTH - 10}" y="{y}" text-anchor="end">{_kind(field)}</text>'
        )


def _kind(field: models.Field) -> str:
    """The type of the value, with a question mark where there may be none."""
    while isinstance(field, models.ForeignKey):
        nullable, field = field.null, field.target_field
        if nullable:
            return f"{_kind(field)}?"
    name = field.get_internal_type().removesuffix("Field").lower()
    return f"{name}?" if field.null else name


def _lines(box: Box, by_model: dict[type[models.Model], Box]) -> Iterator[str]:
    """From each column that points at another table of the picture to the head of that table."""
    for field in box.fields:
        target = _target(field, by_model)
        if target and target is not box:
            kind = "line" if getattr(field, "db_constraint", False) else "line checked"
            yield f'  <path class="{kind}" d="{_path(box, box.place_of(field), target)}"/>'


def _target(field: models.Field, by_model: dict[type[models.Model], Box]) -> Box | None:
    if isinstance(field, models.ForeignKey):
        return by_model.get(field.related_model)
    shown = [apps.get_model(label) for label in BY_VALUE.get(str(field.column), ())]
    is_dimension = field.model._meta.label.endswith("Dimension")
    return next((by_model[model] for model in shown if model in by_model and not is_dimension), None)


def _path(box: Box, y: int, target: Box) -> str:
    head = target.y + HEAD // 2
    if box.x == target.x:
        side = box.x + WIDTH
        return f"M{side} {y} h16 V{head} h-16"
    if box.x < target.x:
        return f"M{box.x + WIDTH} {y} C{box.x + WIDTH + 32} {y} {target.x - 32} {head} {target.x} {head}"
    return f"M{box.x} {y} C{box.x - 32} {y} {target.x + WIDTH + 32} {head} {target.x + WIDTH} {head}"

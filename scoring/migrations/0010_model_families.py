from pathlib import Path

from django.db import migrations, models
from django.db.models import Q

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0008_predictions_of_a_client"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="family",
            field=models.CharField(
                choices=[("card", "card payments"), ("mobile", "mobile money")], default="card", max_length=10
            ),
        ),
        migrations.RemoveConstraint(model_name="modelversion", name="model_one_champion"),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.UniqueConstraint(
                condition=Q(state="champion"),
                fields=("family",),
                name="model_one_champion",
                violation_error_code="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.CheckConstraint(
                condition=Q(family="mobile", version__startswith="mobile-")
                | Q(family="card") & ~Q(version__startswith="mobile-"),
                name="model_version_names_family",
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]

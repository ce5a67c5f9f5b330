"""What decides is asked by `manage.py doctor`."""

from scoring.selectors.models import champion_load
from sentinel.ops.doctor import LookAtIt, register_examination


def model() -> str:
    """The champion's files are there, whole and signed. Without it rules and policy decide alone."""
    champion = champion_load()
    if champion is None:
        raise LookAtIt("no model decides")
    return f"{champion.version} can be loaded"


def register_own_examinations() -> None:
    register_examination(
        "model", model, advice="Run `manage.py train_model --bundled --if-missing`, or promote another model."
    )

"""What decides is asked by `manage.py doctor`."""

from scoring.domain.family_names import MOBILE_NAME
from scoring.selectors.models import champion_load
from sentinel.ops.doctor import LookAtIt, register_examination


def model() -> str:
    """The champions' files are there, whole and signed. Without the one of cards rules and policy decide alone."""
    champion, mobile = champion_load(), champion_load(family=MOBILE_NAME)
    if champion is None:
        raise LookAtIt("no model decides")
    return f"{' and '.join(each.version for each in (champion, mobile) if each)} can be loaded"


def register_own_examinations() -> None:
    register_examination(
        "model", model, advice="Run `manage.py train_model --bundled --if-missing`, or promote another model."
    )

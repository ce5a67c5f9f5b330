"""Names of the families of models, for who needs no more of them: `families` says what each reads."""

CARD_NAME, MOBILE_NAME = "card", "mobile"


def family_name(version: str) -> str:
    """That of a model's version: its first word, where that names a family. The first models were all of cards."""
    return MOBILE_NAME if version.startswith(f"{MOBILE_NAME}-") else CARD_NAME

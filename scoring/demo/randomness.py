from random import Random

SEED = 20_260_131


def randomness(*parts: str | int) -> Random:
    """Random numbers of their own for each name: adding a customer does not change the others' lives."""
    return Random(":".join(map(str, parts)))  # noqa: S311 - a simulation, no secrets

"""The project's own settings, with the hello view in the place of its URLs."""

from sentinel.settings import *  # noqa: F403

ROOT_URLCONF = "bench.yardsticks.hello"

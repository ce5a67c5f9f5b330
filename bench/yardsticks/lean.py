"""`gunicorn bench.yardsticks.lean:application`: the hello view under the handler that the API's hot routes use."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.yardsticks.lean_settings"

import django

django.setup(set_prefix=False)

from sentinel.api.lean import LeanHandler  # noqa: E402

application = LeanHandler()

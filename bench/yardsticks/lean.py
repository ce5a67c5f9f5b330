"""`gunicorn bench.yardsticks.lean:application`: the hello view under the handler that the API's hot routes use."""

import os
from importlib import import_module
from importlib.util import find_spec

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.yardsticks.lean_settings"

import django

django.setup(set_prefix=False)

# Until sentinel.api.lean is there, the API's own handler is the leanest one.
if find_spec("sentinel.api.lean"):
    application = import_module("sentinel.api.lean").LeanHandler()
else:
    application = import_module("sentinel.asgi").ApiHandler()

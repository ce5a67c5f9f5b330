#!/bin/sh
# Before every start of a new release: tables, rights, starter rules, a model, the key of the seal, static files.
# Safe to repeat.
set -eu
python manage.py migrate --no-input
python manage.py make_partitions
python manage.py install_starter
python manage.py train_model --bundled --if-missing
python manage.py seal_ledger --once
python manage.py collectstatic --no-input --verbosity 0

"""Scoring of whole files: uploaded, checked, started; split once, scored part by part, put together.

`uploading` keeps a file, `checking` is the dry run, `steering` what people do with a job, `working` what a worker
does: it calls `splitting`, `scoring` (by the `terms` of the job) and `finishing`. Leases in PostgreSQL say who works
at what (`leases`); files lie in the storage "jobs" (`files`), which all workers share.
"""

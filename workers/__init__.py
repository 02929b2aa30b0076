"""Celery workers: they take a job id from a queue, do the work, and write the result through the ledger."""

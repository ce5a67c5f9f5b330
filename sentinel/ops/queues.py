"""The queues of Celery: who works at what is said where workers start."""

TASKS = "sentinel.tasks"
DELIVERIES = "sentinel.deliveries"  # of their own, so that no long task keeps a receiver waiting, nor the other way
NAMES = (TASKS, DELIVERIES)

"""Endpoints, the log of deliveries, and mails to people in the Admin. Thin: reading, one service call, rendering."""

from webhooks.admin import deliveries, endpoints, notifications, payment_panel, subscriptions

__all__ = ["deliveries", "endpoints", "notifications", "payment_panel", "subscriptions"]

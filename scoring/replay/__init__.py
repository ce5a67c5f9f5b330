"""Sends a public transactions file through the running service, as its gateway would have."""

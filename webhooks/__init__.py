"""Everything that leaves: endpoints and deliveries to them, and alerts to people. Reads the ledger's events."""

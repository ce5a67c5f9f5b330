"""Everything that leaves. It will read the ledger's events; until then they wait in ledger.OutboxPending."""

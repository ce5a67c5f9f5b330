"""How cases are worked: one use case a function.

Locks are taken in one order: a pending verdict, then balances, then cases. Whoever needs only the case takes it
alone.
"""

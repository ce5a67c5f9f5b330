"""The bank's past, taken over from files: accounts with their opening balances, transactions as they were decided
elsewhere, and labels. Used by the command import_bank.
"""

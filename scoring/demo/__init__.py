"""A small bank that never was: believable people, merchants and payments, with fraud woven in.

Everything but `seeding`, `reviewing`, `logins` and `traffic` is pure: one seed, one bank.
"""

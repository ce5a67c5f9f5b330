"""Payments of mobile money as PaySim tells them: by the hour, with the balances of both sides, in no currency.

`payments` has the shape, `inputs` what models read of it, `balances` what is said without a model, `files` and
`simulator` where rows to learn from come from.
"""

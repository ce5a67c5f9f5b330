"""Reads the past for simulations. Uses numpy: imported by workers and commands only."""

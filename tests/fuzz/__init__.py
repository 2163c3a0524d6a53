"""Fuzzing of everything that reads what strangers send. Opt-in: see `readers.py`."""

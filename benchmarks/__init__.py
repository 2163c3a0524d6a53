"""Measurements, side by side with a peer where there is one. Never part of the tests."""

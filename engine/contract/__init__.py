"""Tests of the node contract."""

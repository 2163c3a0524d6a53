"""Tests of generation parameters."""

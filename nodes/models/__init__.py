"""Nodes that load, merge, save and patch models."""

"""Nodes that load, save and change images and masks."""

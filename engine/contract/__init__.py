"""Nodes tried: whether they keep what their declaration promises."""

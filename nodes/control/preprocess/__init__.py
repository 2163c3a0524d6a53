"""Nodes that make a control image of an image: one file a kind of control image."""

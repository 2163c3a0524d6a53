"""Nodes for numbers, texts, arithmetic and switches."""

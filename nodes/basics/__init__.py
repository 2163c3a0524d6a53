"""Nodes that know no pictures: numbers, texts, arithmetic, choices."""

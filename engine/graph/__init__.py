"""Workflow files: their models, and the differences of two of them."""

"""Nodes for sampling: samplers, schedulers, guidance."""

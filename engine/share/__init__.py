"""Sharing: a workflow with all that it needs, checked before it runs somewhere else."""

"""Sharing on a server: check what a workflow needs and would do here, pack it, open a bundle."""

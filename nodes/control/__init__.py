"""Nodes that make control images and apply control networks."""

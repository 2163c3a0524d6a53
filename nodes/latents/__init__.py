"""Nodes for latents."""

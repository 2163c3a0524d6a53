"""Latents: their formats, operations on them, and how they look while they are sampled."""

"""Noise into latents, and what guides it."""

"""Latents: made, calculated with, in batches."""

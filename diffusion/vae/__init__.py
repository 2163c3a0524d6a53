"""Encoding and decoding between images and latents, also in tiles."""

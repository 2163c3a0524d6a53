"""Between pictures and latents, also in tiles."""

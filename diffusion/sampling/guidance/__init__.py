"""Guidance: from a denoiser and its prompts to the one clean picture that samplers see.

Nothing is imported here: `types` needs the descriptions, and the rest needs `types`.
"""

"""From noise to latents: noise levels, samplers, guidance."""

"""From noise to latents: schedules, samplers, and how it looks meanwhile."""

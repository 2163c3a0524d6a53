"""From prompts to conditioning: weights, schedules, learned words, encoders."""

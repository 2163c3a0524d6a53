"""Models: which files there are, and what is known of each."""

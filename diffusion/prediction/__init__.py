"""The prediction type of a network, and its sigmas."""

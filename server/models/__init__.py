"""Models: the model files, and their metadata."""

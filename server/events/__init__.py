"""Events: numbered, kept for a while, and handed to whoever listens."""

"""Weights in memory: shared handles, what is derived from them, and where they may stay."""

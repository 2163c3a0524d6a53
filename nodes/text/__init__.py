"""Nodes that encode prompts and set their regions and timestep ranges."""

"""Nodes that use images as prompts: IP-Adapter, Flux Redux, unCLIP."""

"""Patches: LoRA, merges, hooks and hypernetworks, which change the weights of a network."""

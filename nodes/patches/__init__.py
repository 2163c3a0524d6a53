"""Nodes that patch models: LoRA, hooks, hypernetworks."""

"""Workflows of ComfyUI: its API format and its editor's files, read as documents."""

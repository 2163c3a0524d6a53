"""Workflows of ComfyUI: its API format, read and written, and its editor's files, read."""

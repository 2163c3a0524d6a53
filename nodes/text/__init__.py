"""Prompts into conditioning, and where and when it acts."""

"""Limits that nodes of several folders share."""

from __future__ import annotations

MAX_SIDE = 16_384
"""The longest side of an image or mask in pixels."""

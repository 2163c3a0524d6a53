"""Model files: told by their headers, read on first use, written whole or not at all."""

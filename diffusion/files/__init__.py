"""Model files: told apart, opened, loaded, converted, written whole or not at all."""

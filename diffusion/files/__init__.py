"""Model files: recognised, opened, loaded, converted, written atomically."""

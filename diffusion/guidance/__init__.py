"""Guidance rules: they change the predictions, their combination, or the network itself."""

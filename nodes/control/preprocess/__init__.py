"""Preprocessor nodes, which make a control image from an image: one file for each kind."""

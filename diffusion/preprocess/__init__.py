"""Preprocessors: each makes a control image for a ControlNet of an image.

One file a preprocessor, with one function and one row in `table.PREPROCESSORS`.
"""

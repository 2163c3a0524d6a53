"""Files that people see: pictures in and out, and which models there are.

Every name from outside goes through `engine.paths`; nothing here takes a path.
"""

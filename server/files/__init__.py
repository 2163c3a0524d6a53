"""Files of users: images in and out, and the models there are.

Every name from outside goes through `engine.paths`; nothing here takes a path.
"""

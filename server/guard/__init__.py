"""Access control: Host, Origin, tokens, roles, limits, response headers.

Everything here stands before the handlers, so that a new route is guarded by being added.
"""

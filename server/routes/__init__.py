"""The operations of `/v1`, a module for each kind of thing."""

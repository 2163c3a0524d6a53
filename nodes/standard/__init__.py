"""The engine as most people use it: weft's own nodes, installed packs and the usual folders.

`engine` puts it together of `registry` (node types), `folders`, `disk_cache`, `memory`, `numerics`
and `locks`; `devices` describes the device that a process computes on.
"""

"""Typed node functions: thin glue between the graph machine and the picture machine.

One file for each family of operations. `standard` names them all and puts an engine together.
"""

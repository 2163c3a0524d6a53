"""A full-size SD1.5 checkpoint of random weights, weft and the plain diffusers pipeline beside it.

`python -m benchmarks.full_size` runs it; see `__main__`.
"""

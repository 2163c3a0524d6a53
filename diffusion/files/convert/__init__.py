"""Model files from one layout into another, every number as it was stored.

    single file  <->  diffusers folder      `convert_model`
    .ckpt        ->   either                `pickled.py`, in a process of its own

A folder that weft wrote remembers in `original.json` how the single file was laid out, and keeps
what belongs to no network, so that the way back gives the same tensors under the same names.
"""

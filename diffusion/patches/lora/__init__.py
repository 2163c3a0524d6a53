"""LoRA files of every common kind, as descriptions over shared weights.

`file.py` opens a file and sorts its tensors into entries, `formulas.py` turns an entry into the
difference it makes, `names.py` finds the layer it belongs to, `blocks.py` weighs layers by block,
`apply.py` puts it together.
"""

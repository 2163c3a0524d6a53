"""Names of T5 encoders in GGUF files (llama.cpp's) into transformers'. No torch.

Source: `gguf.MODEL_TENSORS` of T5ENCODER; facts only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes

_ENDS: Mapping[str, str] = {
    "token_embd": "shared",
    "enc.output_norm": "encoder.final_layer_norm",
}
_LAYERS: Mapping[str, str] = {
    "attn_q": "0.SelfAttention.q",
    "attn_k": "0.SelfAttention.k",
    "attn_v": "0.SelfAttention.v",
    "attn_o": "0.SelfAttention.o",
    "attn_rel_b": "0.SelfAttention.relative_attention_bias",
    "attn_norm": "0.layer_norm",
    "ffn_gate": "1.DenseReluDense.wi_0",
    "ffn_up": "1.DenseReluDense.wi_1",
    "ffn_down": "1.DenseReluDense.wo",
    "ffn_norm": "1.layer_norm",
}
T5_MARK = "enc.blk.0.attn_q.weight"


def t5_plan(shapes: Shapes) -> dict[str, Pieces]:
    """A plan for a T5 encoder. Without gates its only first matrix is called "up".

    Raises:
        ModelError: A tensor that belongs to no layer of a T5 encoder.
    """
    gated = any(name.endswith(".ffn_gate.weight") for name in shapes)
    plan: dict[str, Pieces] = {}
    for name in shapes:
        stem, _, end = name.rpartition(".")
        block = re.match(r"enc\.blk\.(\d+)\.(\w+)\Z", stem)
        if stem in _ENDS:
            new = _ENDS[stem]
        elif block and block[2] in _LAYERS:
            layer = _LAYERS[block[2]]
            if block[2] == "ffn_up" and not gated:
                layer = "1.DenseReluDense.wi"
            new = f"encoder.block.{block[1]}.layer.{layer}"
        else:
            raise ModelError(
                "model.unknown_key",
                f'Tensor "{name}" belongs to no layer of a T5 encoder.',
                hint="The file holds another network, such as one with a decoder.",
            )
        plan[f"{new}.{end}"] = (Piece(name),)
    return plan

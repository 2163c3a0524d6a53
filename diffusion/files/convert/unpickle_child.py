"""The child of `pickled.py`: a program of its own that imports nothing of weft.

    python -I unpickle_child.py SOURCE TARGET

The last line on stdout is JSON: {"tensors", "others"} or {"error"}.
"""

from __future__ import annotations

import json
import re
import sys
from collections import OrderedDict
from typing import Any

_PAIRS = ([dict, dict], [OrderedDict, OrderedDict])
_SETTINGS = ("activation_func", "activate_output", "is_layer_norm")


def _hypernetwork(state: dict[Any, Any]) -> dict[str, Any]:
    """The tensors of a hypernetwork, in its file a pair of dictionaries a width; {} if none."""
    found: dict[str, Any] = {}
    for width, pair in state.items():
        two = isinstance(pair, (list, tuple)) and [type(p) for p in pair] in _PAIRS
        if isinstance(width, int) and two:
            for which, layers in enumerate(pair):
                for name, tensor in layers.items():
                    # The oldest files count from 1, and without a dot.
                    plain = str(name).replace("linear1.", "linear.0.")
                    plain = plain.replace("linear2.", "linear.1.")
                    found[f"hypernetwork.{width}.{which}.{plain}"] = tensor
    return found


def _embedding(state: dict[Any, Any]) -> dict[str, Any]:
    """The vectors of a textual inversion of the web UI and of Gal et al.; {} if it is none."""
    vectors = state.get("string_to_param")
    if not isinstance(vectors, dict):  # the older files hold torch's ParameterDict
        vectors = vars(vectors).get("_parameters") if hasattr(vectors, "__dict__") else None
    if not isinstance(vectors, dict) or not vectors:
        return {}
    if len(vectors) == 1:
        return {"emb_params": next(iter(vectors.values()))}
    return {f"string_to_param.{name}": tensor for name, tensor in vectors.items()}


def _joined(state: dict[Any, Any], tensor: type) -> dict[Any, Any]:
    """A dictionary in which dictionaries of tensors ("image_proj", "ip_adapter", "id_encoder",
    "lora_weights") are written out: "image_proj.norm.weight". All others stay."""
    found: dict[Any, Any] = {}
    for name, value in state.items():
        inner = value if isinstance(value, dict) and value else None
        if inner is not None and all(isinstance(each, tensor) for each in inner.values()):
            found |= {f"{name}.{part}": each for part, each in inner.items()}
        else:
            found[name] = value
    return found


def _harmless() -> list[Any]:
    """What checkpoints of old trainers name besides tensors, and what stands for it here.

    Lightning's class is only the key of a table, and torch's ParameterDict holds its tensors in an
    attribute, so that empty classes do; a scalar of numpy can be made of numbers and bytes only, as
    the types that it may have are listed too.
    """
    import _codecs

    import numpy as np

    module = "pytorch_lightning.callbacks.model_checkpoint"
    stand_in = type("ModelCheckpoint", (), {"__module__": module})
    vectors = type("ParameterDict", (), {"__module__": "torch.nn.modules.container"})
    scalar: Any = np.float64(0).__reduce__()[0]
    types = [np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType]
    names = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    return [stand_in, vectors, *names, np.dtype, *types, _codecs.encode]


def main(source: str, target: str) -> dict[str, object]:
    """Read, flatten, write; what to say."""
    import torch
    from safetensors.torch import save_file

    try:
        with (
            open(source, "rb") as file,  # noqa: PTH123 - by name, torch would go by its ending
            torch.serialization.safe_globals(_harmless()),
        ):
            loaded: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile file brings up
        text = str(error).replace("\n", " ")
        # torch goes on to say how to allow it, which is no advice to follow.
        if asked := re.search(r"Unsupported global: GLOBAL (\S+)", text):
            return {"error": f"it tries to run {asked[1][:100]}"}
        at = text.find("Unsupported")
        return {"error": f"{type(error).__name__}: {text[max(at, 0) :][:300]}"}
    state = loaded if isinstance(loaded, dict) else None
    for key in ("state_dict", "params_ema", "params"):  # the last two of upscalers
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
            break
    told: dict[str, str] = {}
    if isinstance(state, dict) and (widths := _hypernetwork(state)):
        told["hypernetwork"] = json.dumps(
            {name: state[name] for name in _SETTINGS if isinstance(state.get(name), (str, bool))}
        )
        state = widths
    if isinstance(state, dict) and (vectors := _embedding(state)):
        state = vectors
    if isinstance(state, dict):
        state = _joined(state, torch.Tensor)
    if not isinstance(state, dict):
        return {"error": f"it holds a {type(loaded).__name__}, not a dictionary of tensors"}
    tensors = {str(name): t for name, t in state.items() if isinstance(t, torch.Tensor)}
    if not tensors:
        return {"error": "it holds no tensors"}
    # Views of one storage are refused by safetensors; each becomes a tensor of its own.
    whole = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(whole, target, metadata={"format": "pt", **told})
    return {"tensors": len(whole), "others": len(state) - len(whole)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))  # noqa: T201 - its only voice

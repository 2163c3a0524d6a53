"""The child of `pickled.py`: a program of its own that imports nothing of weft.

    python -I unpickle_child.py SOURCE TARGET

The last line on stdout is JSON: {"tensors", "others"} or {"error"}.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main(source: str, target: str) -> dict[str, object]:
    """Read, flatten, write; what to say."""
    import torch
    from safetensors.torch import save_file

    try:
        with open(source, "rb") as file:  # noqa: PTH123 - by name, torch would go by its ending
            loaded: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile file brings up
        text = str(error).replace("\n", " ")
        at = text.find("Unsupported")
        return {"error": f"{type(error).__name__}: {text[max(at, 0) :][:300]}"}
    state = loaded if isinstance(loaded, dict) else None
    for key in ("state_dict", "params_ema", "params"):  # the last two of upscalers
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
            break
    if not isinstance(state, dict):
        return {"error": f"it holds a {type(loaded).__name__}, not a dictionary of tensors"}
    tensors = {str(name): t for name, t in state.items() if isinstance(t, torch.Tensor)}
    if not tensors:
        return {"error": "it holds no tensors"}
    # Views of one storage are refused by safetensors; each becomes a tensor of its own.
    whole = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(whole, target, metadata={"format": "pt"})
    return {"tensors": len(whole), "others": len(state) - len(whole)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))  # noqa: T201 - its only voice

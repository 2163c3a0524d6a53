"""Node classes of ComfyUI and its packs that weft does not have: where they are from."""

from __future__ import annotations

from .known import comfy_inputs

CORE = "comfy-core"
"""What ComfyUI's files call ComfyUI itself where they name a pack."""

_CLASSES: dict[str, dict[str, str | None]] = {
    "ComfyUI_IPAdapter_plus": {
        "IPAdapterAdvanced": "IPAdapter",
        "IPAdapterFaceID": None,
        "IPAdapterModelLoader": "LoadIPAdapter",
        "IPAdapterUnifiedLoader": "LoadIPAdapter",
        "PrepImageForClipVision": None,
    },
    "ComfyUI_essentials": {
        "GetImageSize+": "GetImageSize",
        "ImageResize+": "ImageScale",
        "MaskPreview+": "MaskPreview",
    },
    "comfyui_controlnet_aux": {
        "CannyEdgePreprocessor": "Canny",
        "InpaintPreprocessor": None,
        "MiDaS-DepthMapPreprocessor": None,
        "OpenposePreprocessor": None,
        "Zoe-DepthMapPreprocessor": None,
    },
    "ComfyUI-Impact-Pack": {
        "BboxDetectorSEGS": None,
        "DetailerForEach": None,
        "FaceDetailer": None,
        "FaceDetailerPipe": None,
        "FromBasicPipe_v2": None,
        "ImpactInt": "Integer",
        "MaskToSEGS": None,
        "SAMLoader": None,
        "SegmDetectorSEGS": None,
        "ToBasicPipe": None,
        "ToDetailerPipe": None,
    },
    "ComfyUI-Impact-Subpack": {"UltralyticsDetectorProvider": None},
    "ComfyUI-Custom-Scripts": {"ShowText|pysssss": "ShowValue"},
    "ComfyUI-KJNodes": {
        "ColorMatch": None,
        "ImageResizeKJv2": "ImageScale",
        "JoinStrings": "JoinText",
    },
    "rgthree-comfy": {
        "Image Comparer (rgthree)": None,
        "Power Lora Loader (rgthree)": "LoRAStack",
        "Seed (rgthree)": "Integer",
    },
    "ComfyUI_UltimateSDUpscale": {"UltimateSDUpscale": None},
    "was-node-suite-comfyui": {"Text Concatenate": "JoinText", "Text Multiline": "Text"},
    "ComfyUI_Comfyroll_CustomNodes": {"CR Integer To String": None},
    "efficiency-nodes-comfyui": {"KSampler (Efficient)": "KSampler"},
}
"""By pack, its classes that are met most, and the node here that does the same work."""
_PACK_OF = {kind: pack for pack, kinds in _CLASSES.items() for kind in kinds}


def foreign_hint(kind: str, pack: object = None) -> str | None:
    """Where a node class that weft does not have is from, and what to take here.

    Args:
        kind: The class.
        pack: The pack of ComfyUI that the workflow says it is of; None if it says none.

    Returns:
        A sentence or two; None for a class that is not known.
    """
    if kind in comfy_inputs() or pack == CORE:
        return "ComfyUI has this node; weft does not support it yet."
    known = _PACK_OF.get(kind)
    said = known or (pack[:200] if isinstance(pack, str) and pack else None)
    if said is None:
        return None
    ours = _CLASSES[known][kind] if known is not None else None
    hint = f"It belongs to the ComfyUI pack {said}, which weft cannot load."
    return hint if ours is None else f"{hint} weft's own node for this is {ours}."

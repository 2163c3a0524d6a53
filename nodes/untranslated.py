"""The untranslated texts: the report that `make docs` prints for translators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.translation import Translation

_SAME_CHOICES_OF = {
    "PorterDuffImageComposite.mode",
    "backend",
    "config_name",
    "dim",
    "dither",
    "dtype",
    "file_format",
    "model_type",
    "noise_device",
    "precision",
    "sampler_name",
    "scheduler",
    "solver_type",
    "weight_dtype",
}
"""Inputs, as `port` or `Type.port`, whose choices are names of the field in every language."""

_SAME_CHOICES = {
    "bislerp",
    "cpu",
    "edm",
    "flux",
    "lanczos",
    "lcm",
    "pixart",
    "sd3",
    "sdxl",
    "stable_diffusion",
}
"""Choices of other inputs that are names of the field in every language."""


def untranslated(specs: Iterable[NodeSpec], translation: Translation) -> list[str]:
    """The missing entries of translation tables, a line each, in order of tables and nodes.

    Args:
        specs: Node types.
        translation: The language.

    Returns:
        Lines such as `nodes/latents/locales/zh.json: LatentFlip: ports "axis"`. Names that are the
        same in every language, such as those of samplers, are not asked for.
    """
    found = [
        f"{_table(spec, translation.language)}: {spec.type_id}: {gap}"
        for spec in specs
        for gap in _gaps(spec, translation)
    ]
    return sorted(dict.fromkeys(found))


def _table(spec: NodeSpec, language: str) -> str:
    """The table beside a node, relative to the folder of its top package."""
    folders = spec.function.__module__.split(".")[1:-1]
    return "/".join([*folders, "locales", f"{language}.json"])


def _gaps(spec: NodeSpec, translation: Translation) -> Iterator[str]:
    done = translation.of(spec)
    if "title" not in done:
        yield f'titles "{spec.type_id}"'
    for part, text in (("summary", spec.doc.summary), ("description", spec.doc.body)):
        if text and part not in done:
            yield f'texts "{text}"'
    for word in spec.category.split("/"):
        if word not in translation.categories([spec]):
            yield f'categories "{word}"'
    for parameter in spec.parameters.values():
        about = done.get("inputs", {}).get(parameter.name, {})
        if "label" not in about:
            yield f'ports "{parameter.name}"'
        if parameter.text and "description" not in about:
            yield f'texts "{parameter.text}"'
        if {parameter.name, f"{spec.type_id}.{parameter.name}"} & _SAME_CHOICES_OF:
            continue
        choices = parameter.type.choices if parameter.type.name == "COMBO" else ()
        for choice in choices:
            if choice not in _SAME_CHOICES and str(choice) not in about.get("choices", {}):
                yield f'choices "{parameter.name}.{choice}"'
    for output in spec.outputs:
        if "label" not in done.get("outputs", {}).get(output.name, {}):
            yield f'ports "{output.name}"'

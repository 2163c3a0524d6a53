"""`/i18n`: names of nodes in other languages, in the form of ComfyUI's editor."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.translation import Translation, languages
from weft.nodes.standard.own_nodes import OWN_PACKAGE

from ..api.packed import Packed
from .classes import class_inputs, class_names
from .routing import Twins

routes = Twins()


class Texts:
    """The response, made at the first request.

    Args:
        registry: The node types there are.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: Packed | None = None

    def all(self) -> Packed:
        """Every language: language -> `nodeDefs` by class and `nodeCategories` by part."""
        if self._made is None:
            specs = self._registry.values()
            words = [
                Translation(n, common=OWN_PACKAGE) for n in languages(specs, common=OWN_PACKAGE)
            ]
            self._made = Packed({each.language: self._one(each) for each in words})
        return self._made

    def _one(self, words: Translation) -> dict[str, Any]:
        return {
            "nodeDefs": {
                # A dot would lead its editor a level deeper.
                name.replace(".", "_"): class_texts(name, spec, words.of(spec))
                for name, spec in class_names(self._registry)
            },
            "nodeCategories": words.categories(self._registry.values()),
        }


TEXTS = web.AppKey("comfy_texts", Texts)


def class_texts(name: str, spec: NodeSpec, said: dict[str, Any]) -> dict[str, Any]:
    """One class in another language.

    Args:
        name: The name that it goes by here.
        spec: The node type.
        said: What `Translation.of` gives for it.
    """
    inputs = {
        own.replace(".", "_"): _kept(name=about.get("label"), tooltip=about.get("description"))
        for own, parameter in class_inputs(name, spec).items()
        if (about := said.get("inputs", {}).get(parameter.name))
    }
    # Outputs go by their number there.
    outputs = {
        str(i): {"name": about["label"]}
        for i, output in enumerate(spec.outputs)
        if "label" in (about := said.get("outputs", {}).get(output.name, {}))
    }
    title, summary = said.get("title"), said.get("summary")
    return _kept(display_name=title, description=summary, inputs=inputs, outputs=outputs)


def _kept(**entries: Any) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value}


@routes.get("/i18n")
async def translations(request: web.Request) -> web.Response:
    """Every translation of nodes that there is, by language."""
    texts = request.app[TEXTS]
    return (await asyncio.to_thread(texts.all)).answer(request)

"""Names of node types in other languages."""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import Field

from weft.engine.declaration.registry import Registry
from weft.engine.declaration.translation import Translation, languages
from weft.nodes.standard.own_nodes import OWN_PACKAGE

from ..api.errors import ApiError
from ..api.model import ApiModel
from ..api.packed import Packed
from ..api.routing import Routes
from ..keys import CATALOG

routes = Routes("nodes")


class Languages(ApiModel):
    """The languages that node types are translated into."""

    languages: list[str] = Field(description="Languages besides English, such as `zh`.")


class Locales:
    """The translations of every node type; each language is read at its first request.

    Args:
        registry: The node types there are.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._read: dict[str, Packed] = {}
        self.languages = languages(registry.values(), common=OWN_PACKAGE)

    def find(self, language: str) -> Packed | None:
        """Everything in one language, or in it without its region; None if there is nothing."""
        for name in (language, language.partition("-")[0]):
            if name in self.languages:
                if name not in self._read:
                    words = Translation(name, common=OWN_PACKAGE)
                    nodes = {spec.type_id: words.of(spec) for spec in self._registry.values()}
                    self._read[name] = Packed({"language": name, "nodes": nodes})
                return self._read[name]
        return None


LOCALES = web.AppKey("locales", Locales)


def install_locales(app: web.Application) -> None:
    """Find the languages."""
    app[LOCALES] = Locales(app[CATALOG].registry)


@routes.get("/v1/locales")
async def all_languages(request: web.Request) -> Languages:
    """List the languages that node types are translated into, besides English."""
    return Languages(languages=request.app[LOCALES].languages)


@routes.get("/v1/locales/{language}", media_type="application/json", errors=(304, 404))
async def one_language(request: web.Request, language: str) -> web.Response:
    """Give titles, categories, names and texts of node types in one language, with an ETag.

    What a node, an input or a choice has no translation for is left out: English stays.
    """
    locales = request.app[LOCALES]
    found = await asyncio.to_thread(locales.find, language)
    if found is None:
        raise ApiError(
            404,
            "There is no translation into this language.",
            code="locales.unknown",
            expected=", ".join(locales.languages),
            got=language[:100],
        )
    return found.answer(request)

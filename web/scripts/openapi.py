"""Print what the web editor's types are made from: the server's OpenAPI document."""

import json
import sys

from weft.server.api.openapi import openapi
from weft.server.api.routing import endpoints
from weft.server.app import create_app
from weft.server.settings import Settings

app = create_app(Settings(packs=False))
json.dump(openapi(endpoints(app), version="0"), sys.stdout)

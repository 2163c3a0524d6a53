"""What models of the API have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """What clients send or get.

    Made ready when it is first needed: all of them together would take a tenth of the server's
    start.
    """

    model_config = ConfigDict(defer_build=True)


class Body(Model):
    """What clients send; a name that it does not have is refused."""

    model_config = ConfigDict(extra="forbid")

"""What models of the API have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """Base of the models that clients send or receive.

    Made ready when it is first needed: all of them together would take a tenth of the server's
    start.
    """

    model_config = ConfigDict(defer_build=True)


class Body(ApiModel):
    """Base of the models that clients send; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

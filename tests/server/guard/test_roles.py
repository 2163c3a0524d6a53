"""Every route with every role: who may less is refused, who may enough is heard.

The table is written by hand, so that a new route that changes something is thought about: routes
that only read and are not named here are for viewers.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.server.outer import serving
from weft.server.guard.users import Role, Users

ADMIN = "the-admins-own-long-token"
LEAST = {
    None: (
        "GET /login",
        "POST /login",
        "GET /v1/health",
    ),
    Role.runner: (
        "POST /history",
        "POST /interrupt",
        "POST /prompt",
        "POST /queue",
        "POST /upload/image",
        "POST /upload/mask",
        "POST /v1/explain",
        "POST /v1/files/{kind}",
        "PUT /v1/files/{kind}/{name}",
        "POST /v1/jobs",
        "POST /v1/jobs/batch",
        "DELETE /v1/jobs/{job}",
        "POST /v1/jobs/{job}/cancel",
        "POST /v1/jobs/{job}/move",
        "POST /v1/jobs/{job}/retry",
        "POST /v1/share/check",
        "POST /v1/share/check/file",
        "POST /v1/share/comfyui",
        "POST /v1/share/open",
        "POST /v1/share/pack",
        "POST /v1/validate",
    ),
    Role.editor: (
        "POST /settings",
        "POST /settings/{id}",
        "DELETE /userdata/{file}",
        "POST /userdata/{file}",
        "POST /userdata/{file}/move/{to}",
        "DELETE /v1/files/{kind}/{name}",
        "POST /v1/workflows",
        "POST /v1/workflows/shared/{link}/fork",
        "DELETE /v1/workflows/{workflow}",
        "PATCH /v1/workflows/{workflow}",
        "POST /v1/workflows/{workflow}/fork",
        "DELETE /v1/workflows/{workflow}/link",
        "POST /v1/workflows/{workflow}/link",
        "POST /v1/workflows/{workflow}/restore",
        "POST /v1/workflows/{workflow}/revisions",
        "DELETE /v1/workflows/{workflow}/shares/{person}",
        "PUT /v1/workflows/{workflow}/shares/{person}",
        "DELETE /v1/workflows/{workflow}/star",
        "PUT /v1/workflows/{workflow}/star",
    ),
    Role.admin: (
        "POST /free",
        "GET /internal/files/{kind}",
        "GET /internal/folder_paths",
        "GET /internal/logs",
        "GET /internal/logs/raw",
        "PATCH /internal/logs/subscribe",
        "POST /users",
        "POST /v1/cache/free",
        "POST /v1/queue/clear",
        "POST /v1/queue/pause",
        "POST /v1/queue/resume",
        "GET /v1/users",
        "POST /v1/users",
        "DELETE /v1/users/{name}",
    ),
}


async def test_every_route_is_for_the_roles_that_it_is_meant_for(tmp_path: Path) -> None:
    users = Users(tmp_path / "data" / "users.json")
    tokens = {role: users.add(role.name, role) for role in list(Role)[:-1]}
    tokens[Role.admin] = ADMIN
    meant = {route: role for role, routes in LEAST.items() for route in routes}
    wrong: list[tuple[str, str, int, str]] = []
    seen: set[str] = set()
    async with serving(tmp_path, token=ADMIN) as client:
        assert client.app is not None
        for route in client.app.router.routes():
            canonical = route.resource.canonical if route.resource is not None else "/"
            name = f"{route.method} {canonical.removeprefix('/api')}"
            seen.add(name)
            least = meant.get(name, Role.viewer)
            if route.method in ("GET", "HEAD") and name not in meant:
                least = meant.get(f"GET {canonical.removeprefix('/api')}", Role.viewer)
            elif name not in meant:
                wrong.append((name, "is not in the table", 0, ""))
            if least is None:
                continue
            path = re.sub(r"\{[^}]*\}", "0", canonical)
            for role, token in tokens.items():
                headers = {"Authorization": f"Bearer {token}"}
                async with client.request(route.method, path, headers=headers) as answer:
                    refused = answer.status == 403
                    if refused is (role >= least):
                        wrong.append((name, role.name, answer.status, await answer.text()))
    assert wrong == []
    assert set(meant) <= seen

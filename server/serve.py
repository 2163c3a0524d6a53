"""Run the application: sockets, signals, logs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
from collections.abc import Callable, Sequence

from aiohttp import web

from ..engine.errors import WeftError
from .app import create_app
from .guard.hosts import is_loopback
from .guard.middleware import POLICY
from .logs import log, to_standard_error
from .settings import Settings

Listening = Callable[[Sequence[str]], None]


def serve(
    settings: Settings,
    *,
    level: str = "INFO",
    once: bool = False,
    listening: Listening | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code.

    Args:
        settings: What to serve.
        level: The least that is logged.
        once: Stop as soon as it listens.
        listening: Called with the addresses once it listens.

    Raises:
        WeftError: It cannot start: a port is taken, a folder or pack cannot be used.
    """
    to_standard_error(level)
    return asyncio.run(_serve(settings, listening, once=once))


async def _serve(settings: Settings, listening: Listening | None, *, once: bool) -> int:
    app = create_app(settings)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=2.0)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows, where Ctrl-C ends it anyhow
            loop.add_signal_handler(name, stop.set)
    try:
        await runner.setup()
        addresses = await _listen(runner, settings)
        gc.freeze()  # what is there now stays, and need not be looked through again and again
        gc.enable()
        gc.set_threshold(20_000, 20, 20)  # jobs come and go by the thousand, and have no cycles
        for address in addresses:
            log.info("listening", extra={"url": address})
        if settings.tls_certificate is None and not all(map(is_loopback, settings.hosts)):
            log.warning(
                "tokens and pictures can be read on the way: give --tls-certificate, or let others "
                "in through a proxy with TLS only"
            )
        if settings.private and app[POLICY].is_open:
            log.warning(
                "--private has no effect yet: everybody sees everything until there is a token or "
                "a user"
            )
        if listening is not None:
            listening(addresses)
        if not once:
            await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
    return 0


async def _listen(runner: web.AppRunner, settings: Settings) -> list[str]:
    tls = _tls(settings)
    for host in settings.hosts:
        try:
            # The address may be taken again at once: connections that the last process left
            # behind do not count.
            await web.TCPSite(
                runner, host, settings.port, ssl_context=tls, reuse_address=True, backlog=1024
            ).start()
        except OSError as error:
            raise WeftError(
                f"Port {settings.port} of {host} cannot be listened on: {error.strerror or error}.",
                code="server.port",
                hint="Stop what uses it, or choose another with --port.",
            ) from error
    scheme = "http" if tls is None else "https"
    return [f"{scheme}://{f'[{a[0]}]' if ':' in a[0] else a[0]}:{a[1]}" for a in runner.addresses]


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise WeftError(
            f"The certificate {settings.tls_certificate} cannot be used: {error}.",
            code="server.tls",
            hint="Give a PEM file, and its key with --tls-key.",
        ) from error
    return context

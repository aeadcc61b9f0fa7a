# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Serves the emulator over HTTP: latency and cut connections happen here, everything else in the emulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import ssl

from aiohttp import web

from .emulator import Emulator
from .messages import Answer, Request

LOOPBACK = "127.0.0.1"


def application_for(emulator: Emulator) -> web.Application:
    """A web application whose every path leads to the emulator."""

    async def answer(received: web.Request) -> web.StreamResponse:
        request = Request(
            method=received.method,
            path=received.path,
            query=dict(received.query),
            headers=dict(received.headers),
            body=await received.read(),
            scheme=received.scheme,
        )
        if emulator.latency_ms and not request.is_control:
            await asyncio.sleep(emulator.latency_ms / 1000)
        outcome = emulator.handle(request)
        if outcome.is_cut and received.transport is not None:
            received.transport.close()
        await asyncio.sleep(outcome.seconds_before)
        if outcome.is_torn or outcome.seconds_per_byte:
            return await _send_bit_by_bit(received, outcome)
        return web.Response(status=outcome.status or 500, headers=outcome.headers, body=outcome.body or None)

    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", answer)
    return application


async def _send_bit_by_bit(received: web.Request, outcome: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=outcome.status, headers=outcome.headers)
    response.content_length = len(outcome.body)
    await response.prepare(received)
    # Whoever does not wait for the rest has gone away.
    with contextlib.suppress(ConnectionError):
        for number in range(len(outcome.sent_body)):
            await response.write(outcome.sent_body[number : number + 1])
            await asyncio.sleep(outcome.seconds_per_byte)
    if outcome.is_torn and received.transport is not None:
        received.transport.close()
    return response


async def serve(emulator: Emulator, port: int, tls: ssl.SSLContext | None) -> None:
    """Announce the address in one line of JSON, then serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for wanted_signal in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted_signal, stop.set)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    # Requests are logged by the emulator itself, which leaves out secrets.
    runner = web.AppRunner(application_for(emulator), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=tls).start()
    announcement = {
        "url": f"{'https' if tls else 'http'}://{LOOPBACK}:{listener.getsockname()[1]}",
        "account_id": emulator.seed.account_id,
        "iam_id": emulator.seed.iam_id,
        "api_key": emulator.seed.api_key,
    }
    print(json.dumps(announcement), flush=True)
    await stop.wait()
    await runner.cleanup()

# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""python -m iam_emulator: a local IBM Cloud IAM in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl

from .emulator import Emulator
from .refusals import Refusal
from .server import serve
from .settings import Settings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m iam_emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--latency-ms", type=int, default=0, help="wait this long before each answer")
    parser.add_argument("--sealed", action="store_true", help="no side channel: nobody can steer it")
    parser.add_argument("--settings", type=_settings, default=Settings(), metavar="JSON", help="switches that differ")
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="the private key of the certificate (PEM)")
    arguments = parser.parse_args()
    if bool(arguments.tls_cert) != bool(arguments.tls_key):
        parser.error("--tls-cert and --tls-key belong together")
    return arguments


def _settings(text: str) -> Settings:
    try:
        return Settings().changed(dict(json.loads(text)))
    except (Refusal, TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(getattr(error, "message", "takes an object of JSON")) from None


def main() -> None:
    """Run until told to stop."""
    arguments = _arguments()
    tls = None
    if arguments.tls_cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.tls_cert, arguments.tls_key)
    emulator = Emulator(settings=arguments.settings, latency_ms=arguments.latency_ms, is_sealed=arguments.sealed)
    asyncio.run(serve(emulator, arguments.port, tls))


if __name__ == "__main__":
    main()

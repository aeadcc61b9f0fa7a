# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client on another wire than the emulator's, and a real server with a certificate of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate

EMULATOR = Path(__file__).resolve().parents[4] / "emulator"


@pytest.fixture
def open_with(scene: t.Any) -> t.Callable[..., IamClient]:
    def open_with(adapter: t.Any = None, **options: t.Any) -> IamClient:
        given = {"api_key": scene.api_key, **options}
        return open_client(given, {}, lambda secret: None, clock=scene.clock, adapter=adapter)

    return open_with


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    """A server whose certificate nobody knows; `certificate` is the file to trust."""
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"))
    with subprocess.Popen(
        [sys.executable, "-m", "iam_emulator", "--tls-cert", str(certificate), "--tls-key", str(key)],
        env={**os.environ, "PYTHONPATH": str(EMULATOR)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield {**json.loads(t.cast(t.IO[str], process.stdout).readline()), "certificate": str(certificate)}
        finally:
            process.terminate()

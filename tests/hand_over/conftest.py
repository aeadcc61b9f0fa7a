# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fresh slot for each test, and a certificate for all of them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

pytest.register_assert_rewrite("ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene")

from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import serve as serve_iam
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import HandOver
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service, serve

S = t.TypeVar("S", bound=Service)


@pytest.fixture(scope="session")
def iam() -> t.Iterator[IamServer]:
    with serve_iam() as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def slot(iam: IamServer, certificate: tuple[Path, Path], short_path: Path) -> t.Iterator[HandOver]:
    iam.steer("reset")
    slot = HandOver(short_path, iam, certificate[0])
    yield slot
    slot.workplace.end_runs()


@pytest.fixture
def start(
    slot: HandOver, certificate: tuple[Path, Path], request: pytest.FixtureRequest
) -> t.Callable[[Service, str, str], None]:
    """Start a service, and tell runs its address and its token in these variables."""

    def start(service: Service, address: str, token: str) -> None:
        running = serve(service, *certificate)
        running.__enter__()
        request.addfinalizer(lambda: running.__exit__(None, None, None))
        slot.environ.update({address: service.url, token: service.token})
        slot.tokens.add(service.token)

    return start

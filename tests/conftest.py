"""What holds for every test: no inherited settings, no ``.env``, no connection off the loopback, no silent skip."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from oximetry.settings import Settings

REAL_PARTS = ("browser", "gateway", "postgres")
REAL_FOLDERS = ("tests/storage/", "tests/e2e/")
DATA_IS_OPTIONAL = "real recordings"


class LeftTheLoopback(AssertionError):
    """A test tried to reach a server that it did not start itself."""


@pytest.fixture(autouse=True, scope="session")
def only_our_own_world() -> Iterator[None]:
    """No setting of this machine and no server off this machine can reach a test."""
    with pytest.MonkeyPatch.context() as patch:
        names = {name.upper() for name in Settings.model_fields}
        for name in [name for name in os.environ if name.upper() in names]:
            patch.delenv(name)
        patch.setitem(Settings.model_config, "env_file", None)
        for method in ("connect", "connect_ex"):
            patch.setattr(socket.socket, method, _on_the_loopback(getattr(socket.socket, method)))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """In the gate a skipped test of a real part is a failure, whatever its reason but the absent real recordings."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("OXIMETRY_REQUIRE_REAL_PARTS") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        real = any(item.get_closest_marker(mark) for mark in REAL_PARTS) or item.nodeid.startswith(REAL_FOLDERS)
        if real and DATA_IS_OPTIONAL not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} needs a real part that is missing: {reason}"
    return report


def _on_the_loopback(connect: Any) -> Any:
    def checked(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise LeftTheLoopback(f"a test may not connect to {address[0]}")
        return connect(self, address)

    return checked


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

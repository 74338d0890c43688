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
SLOW_FOLDERS = ("tests/e2e/", "tests/storage/", "tests/adapters/vendor_report/")
DATA_IS_OPTIONAL = "real recordings"


class LeftTheLoopback(AssertionError):
    """A test tried to reach a server that it did not start itself."""


@pytest.fixture(autouse=True, scope="session")
def only_our_own_world() -> Iterator[None]:
    """No setting of this machine and no server off this machine can reach a test."""
    with pytest.MonkeyPatch.context() as patch:
        names = Settings.names()
        for name in [name for name in os.environ if name.upper() in names]:
            patch.delenv(name)
        patch.setitem(Settings.model_config, "env_file", None)
        for method in ("connect", "connect_ex"):
            patch.setattr(socket.socket, method, _on_the_loopback(getattr(socket.socket, method)))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make faults` ask for the long runs."""
    parser.addoption("--faults", action="store_true", help="the long runs of faults, which the gate only samples")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long runs to `make faults`; begin with what takes longest, so that no process waits for another."""
    if not config.getoption("--faults"):
        left_out = [item for item in items if item.get_closest_marker("faults")]
        items[:] = [item for item in items if not item.get_closest_marker("faults")]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_FOLDERS))


@pytest.fixture(scope="session")
def long_run(request: pytest.FixtureRequest) -> bool:
    """Whether the runs of faults are done in full length."""
    return bool(request.config.getoption("--faults"))


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

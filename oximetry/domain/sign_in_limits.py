"""How often one may try a password: growing pauses for whoever guesses, and none for the browser that is known.

Failures are counted for an account from one network (or from one known browser), never for the account alone, so that
a stranger's guesses cannot keep its doctor out. While an account is guessed at from many networks, each new network
has one try before its first pause; the doctor's own browser keeps all of its tries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

WINDOW = timedelta(hours=1)
NETWORK_WINDOW = timedelta(minutes=15)
FREE_TRIES = 5
FREE_TRIES_UNDER_ATTACK = 1
ATTACK_FAILURES = 100
MOST_FROM_A_NETWORK = 40
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30, 900
IPV6_PREFIX = 64
KNOWN = "known:"
"""How the origin of a known browser begins, in the place of a network."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed tries so far.

    Attributes
    ----------
    here : int
        For the account, from this network or known browser, within `WINDOW`; ``last_at`` is the newest.
    strangers : int
        For the account from everywhere but known browsers, within `WINDOW`.
    from_network : int
        For any account from this network, within `NETWORK_WINDOW`; ``network_last_at`` is the newest.
    """

    here: int
    last_at: datetime | None
    strangers: int
    from_network: int
    network_last_at: datetime | None


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, the /64 of an IPv6 one, else the text itself (64 characters)."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> IPV6_PREFIX << IPV6_PREFIX)}/{IPV6_PREFIX}"
    return str(parsed)


def wait_s(failures: Failures, now: datetime, *, is_known: bool) -> int:
    """Seconds until the next try is looked at; 0: at once."""
    attacked = failures.strangers >= ATTACK_FAILURES and not is_known
    free = FREE_TRIES_UNDER_ATTACK if attacked else FREE_TRIES
    waits = 0.0
    if failures.here >= free and failures.last_at is not None:
        pause_s = min(FIRST_PAUSE_S * 2 ** min(failures.here - free, 10), LONGEST_PAUSE_S)
        waits = pause_s - (now - failures.last_at).total_seconds()
    if failures.from_network >= MOST_FROM_A_NETWORK and not is_known and failures.network_last_at is not None:
        waits = max(waits, (failures.network_last_at + NETWORK_WINDOW - now).total_seconds())
    return max(0, -int(-waits // 1))

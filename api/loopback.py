"""Listening on this machine only: as long as nobody has to log in, nobody else may connect."""

from __future__ import annotations

import ipaddress

from pipeline.errors import SettingsError


def require_loopback(host: str) -> None:
    """Raise SettingsError unless `host` is a loopback address."""
    if not is_loopback(host):
        raise SettingsError(
            f"API_HOST: {host[:80]} is reachable from other machines, and the API has no authentication yet;"
            " use 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own; names other than localhost are not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_this_machine(host_header: str) -> bool:
    """Whether a Host header is one of this machine's loopback names.

    A page of another site can make its own name point here (DNS rebinding); its requests then carry that name.
    """
    host = host_header.strip().lower()
    if host.startswith("["):
        return is_loopback(host[1:].partition("]")[0])
    return is_loopback(host.partition(":")[0])

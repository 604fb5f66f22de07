"""Nobody has to log in, so nobody else may connect."""

from __future__ import annotations

import pytest

from api.loopback import names_this_machine, require_loopback
from pipeline.errors import SettingsError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_addresses_are_accepted(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", "", "localhost.example.org"])
def test_any_other_address_is_refused_by_the_variables_name(host: str) -> None:
    with pytest.raises(SettingsError, match=r"API_HOST.*authentication"):
        require_loopback(host)


@pytest.mark.parametrize("header", ["127.0.0.1:5002", "localhost:5002", "LOCALHOST", "[::1]:5002", "127.0.0.1"])
def test_requests_to_this_machines_names_are_served(header: str) -> None:
    assert names_this_machine(header)


@pytest.mark.parametrize("header", ["", "evil.example:5002", "127.0.0.1.evil.example", "[2001:db8::1]:5002", "0.0.0.0"])
def test_requests_to_another_name_come_from_another_sites_page(header: str) -> None:
    assert not names_this_machine(header)

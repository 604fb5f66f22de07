"""Free and taken ports."""

from __future__ import annotations

import os
import socket

from pipeline.cli.stack.ports import free_ports, holder_of, is_taken


def test_a_listening_port_is_taken_and_its_holder_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_taken(port)
        assert f"process {os.getpid()}" in holder_of(port)
    assert not is_taken(port)


def test_free_ports_differ() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert not any(is_taken(port) for port in ports)

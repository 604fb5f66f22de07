"""What to advise when a server does not answer at all."""

from __future__ import annotations

from pipeline.cli.stack.local import addresses, local_servers
from pipeline.cli.stack.plan import ServerName
from pipeline.settings import Settings


def where(settings: Settings, name: ServerName) -> str:
    """Return a server's address as a person writes it."""
    host, port = addresses(settings)[name]
    return f"{host}:{port}"


def advice(settings: Settings, name: ServerName, variables: str) -> str:
    """Say how to get a server up: start ours, or look at the address of one that is not ours."""
    if name in local_servers(settings):
        return f"./run starts it; if it runs already: ./run logs {name}"
    return f"Start it, or correct {variables} in .env."


def short(error: BaseException) -> str:
    """Return an error as one line; many carry no text of their own."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def no_answer(at: str, error: BaseException) -> str:
    """Say that nobody answers at an address; the common case in plain words."""
    text = str(error)
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in text or "Unable to bootstrap" in text:
        return f"nothing listens at {at}"
    return f"no answer at {at} ({short(error)})"

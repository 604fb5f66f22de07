"""Redis: a cache that may forget everything."""

from __future__ import annotations

from pipeline.cli.stack.plan import LOOPBACK, ConfigFile, Server, StackPlan, Tools

MAX_MEMORY = "256mb"


def redis_config(plan: StackPlan) -> str:
    """Return redis.conf: loopback, a password if there is one, nothing written to disk."""
    directory = plan.directory / "redis"
    lines = [
        f"bind {LOOPBACK}",
        f"port {plan.redis_port}",
        f'dir "{directory}"',
        "daemonize no",
        "protected-mode yes",
        f"maxmemory {MAX_MEMORY}",
        "maxmemory-policy allkeys-lru",
        'save ""',
        "appendonly no",
    ]
    if plan.redis_password:
        lines.append(f'requirepass "{plan.redis_password}"')
    return "\n".join(lines) + "\n"


def redis_server(plan: StackPlan, tools: Tools) -> Server:
    """Describe the cache."""
    directory = plan.directory / "redis"
    config = directory / "redis.conf"
    return Server(
        name="redis",
        directory=directory,
        port=plan.redis_port,
        command=(tools.redis_server, str(config)),
        files=(ConfigFile(config, redis_config(plan)),),
    )

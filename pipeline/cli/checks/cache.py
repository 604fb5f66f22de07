"""Redis: can we write, and will it forget rather than refuse when it is full?"""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from pipeline.cli.checks.finding import Finding
from pipeline.cli.checks.reach import advice, no_answer, short, where
from pipeline.settings import Settings

CONNECT_SECONDS = 5
SUBJECT = "Redis"


async def check_cache(settings: Settings, env_file: Path) -> list[Finding]:
    """Log in, ask for the policy when memory is full."""
    client = Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        db=settings.redis_db,
        password=settings.redis_password.get_secret_value() or None,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        decode_responses=True,
    )
    at = where(settings, "redis")
    try:
        memory = await client.info("memory")
    except AuthenticationError as error:
        return [Finding(SUBJECT, f"{at} refuses the password ({short(error)})", "Correct REDIS_PASSWORD in .env.")]
    except (RedisError, OSError) as error:
        remedy = advice(settings, "redis", "REDIS_HOST and REDIS_PORT")
        return [Finding(SUBJECT, no_answer(at, error), remedy)]
    finally:
        await client.aclose()
    policy = memory.get("maxmemory_policy", "unknown")
    if memory.get("maxmemory", 0) and policy == "noeviction":
        remedy = "Set maxmemory-policy allkeys-lru there: everything in it can be made anew."
        return [Finding(SUBJECT, f"{at} refuses writes when it is full", remedy)]
    return [Finding(SUBJECT, f"{at} lets us in; {memory.get('used_memory_human', '?')} used, {policy}")]

"""Structured logs: one JSON object a line on standard error, with one event word and its fields.

log = get_log("bridge")
log.info("connected", host=host, port=port)
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from pipeline.process.repeats import RepeatFilter

_RESERVED = "iiot_fields"


class Log:
    """A logger whose calls take an event word and fields; fields must not hold secrets."""

    def __init__(self, logger: logging.Logger, bound: dict[str, Any]) -> None:
        self._logger = logger
        self._bound = bound

    def bind(self, **fields: Any) -> Log:
        """A log that adds these fields to each line."""
        return Log(self._logger, {**self._bound, **fields})

    def debug(self, event: str, **fields: Any) -> None:
        """For those who develop."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """What an operator may want to know."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something is not as it should be; the process copes."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, exc_info: bool = False, **fields: Any) -> None:
        """Something needs a person."""
        self._write(logging.ERROR, event, fields, exc_info=exc_info)

    def _write(self, level: int, event: str, fields: dict[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            extra = {_RESERVED: {**self._bound, **fields}}
            self._logger.log(level, event, extra=extra, exc_info=exc_info)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, _RESERVED, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def get_log(name: str) -> Log:
    """The log of a part of the platform; cheap, and safe to call at import."""
    return Log(logging.getLogger(f"iiot.{name}"), {})


def configure_logs(level: str) -> None:
    """Send all logs of this process to standard error as JSON lines; libraries only from WARNING up,
    and what they repeat only now and then."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("iiot").setLevel(level)

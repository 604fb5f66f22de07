"""The one JSON parser for everything that comes from outside.

RFC 8259 leaves open what parsers differ in; here each such case is refused: duplicate names, NaN and Infinity,
numbers that overflow a double (`1e999`) or 64 bits, lone surrogates, NUL, invalid UTF-8, a byte order mark,
nesting deeper than 16. What passes can be stored in PostgreSQL and re-encoded by any JSON library.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import NoReturn, TypeAlias

import orjson

from pipeline.errors import InvalidInput

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 16
_MAX_INTEGER = 2**63 - 1
_MIN_INTEGER = -(2**63)
_DOUBTFUL = 2**62
_UNACCOUNTED = -(2**62)
_DEEPER = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_DEEPER))
_string = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


def parse_json(data: bytes | bytearray | str, *, max_bytes: int = 1_048_576) -> Json:
    """Parse one JSON text; raises InvalidInput (reason `invalid_json`) with a sentence, and nothing else.

    Work is bounded by `max_bytes`: depth is counted before any recursive parser sees the text.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise _invalid("holds a lone surrogate") from None
    if len(data) > max_bytes:
        raise _invalid(f"is larger than {max_bytes} bytes")
    raw = bytes(data)
    _check_depth(raw)
    try:
        value: Json = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            raw.decode()
        except UnicodeDecodeError:
            raise _invalid("is not valid UTF-8") from None
        if "surrogate" in str(error):
            raise _invalid("holds a lone surrogate") from None
        _parse_strictly(raw)  # may know a better sentence
        raise _invalid(f"is not JSON: {str(error)[:120]}") from None
    # orjson keeps the last of duplicate names and turns integers beyond 64 bits into doubles. Without escapes each
    # colon of the text separates a name from its value or stands in a string, so if the parsed value accounts for
    # all colons, no duplicate was dropped. What this quick test can't clear goes through the slow parser.
    if b"\\" not in raw and raw.count(b":") == _account(value):
        return value
    return _parse_strictly(raw)


def _account(value: Json) -> int:
    """The colons of the text that `value` accounts for; far below zero if a number needs the slow parser."""
    if isinstance(value, str):
        return value.count(":")
    if isinstance(value, dict):
        total = len(value)
        for name, item in value.items():
            kind = type(item)
            if kind is float or kind is int:
                if not -_DOUBTFUL < item < _DOUBTFUL:  # type: ignore[operator]
                    return _UNACCOUNTED
            elif item is not None and kind is not bool:
                total += _account(item)
            if ":" in name:
                total += name.count(":")
        return total
    if isinstance(value, list):
        return sum(map(_account, value))
    if isinstance(value, int | float) and not -_DOUBTFUL < value < _DOUBTFUL:
        return _UNACCOUNTED
    return 0


def _parse_strictly(raw: bytes) -> Json:
    try:
        value: Json = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except InvalidInput:
        raise
    except (ValueError, RecursionError):
        raise _invalid("is not JSON") from None
    if b"\\u0000" in raw:
        _refuse_nul(value)
    return value


def _check_depth(raw: bytes) -> None:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    brackets = _string.sub(b"", raw).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_DEEPER.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise _invalid(f"is nested deeper than {MAX_DEPTH}")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _invalid("names a field twice")
    return made


def _constant(text: str) -> NoReturn:
    raise _invalid(f"holds {text}, which is not a number")


def _integer(text: str) -> int:
    if len(text) > 20 or not _MIN_INTEGER <= (number := int(text)) <= _MAX_INTEGER:
        raise _invalid("holds an integer beyond 64 bits")
    return number


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise _invalid("holds a number too large for a double")
    return number


def _refuse_nul(value: Json) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise _invalid("holds a NUL character")
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_nul(name)
            _refuse_nul(item)


def _invalid(message: str) -> InvalidInput:
    return InvalidInput("invalid_json", f"the text {message}")

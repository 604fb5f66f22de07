from __future__ import annotations

import json as stdlib_json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.jsonsafe import MAX_DEPTH, parse_json
from tests.support.event_strategies import json


def refusal(data: bytes | str, **limits: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_json(data, **limits)
    assert caught.value.reason == "invalid_json"
    return caught.value.message


@settings(max_examples=300)
@given(json)
def test_what_any_library_writes_is_read_as_it_was(value: Any) -> None:
    for written in (
        orjson.dumps(value),
        stdlib_json.dumps(value),
        stdlib_json.dumps(value, ensure_ascii=False, indent=2),
    ):
        found = parse_json(written)
        assert found == value
        assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'[{"a": 1, "\\u0061": 2}]', "twice"),
        (b'{"a:b": 1, "a:b": 1}', "twice"),
        (b'{"a": "x:y:z", "a": ":"}', "twice"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b"1e999", "too large"),
        (b"[-1e999]", "too large"),
        (b"9223372036854775808", "64 bits"),
        (b'{"a": -9223372036854775809}', "64 bits"),
        (b"[18446744073709551615]", "64 bits"),
        (b"1" * 5_000, "64 bits"),
        (b'"\\ud800"', "surrogate"),
        (b'"\\udc00\\ud800"', "surrogate"),
        ('"\ud800"', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'"a\\u0000b"', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'[["\\u0000"]]', "NUL"),
        (b'"a\0b"', "not JSON"),
        (b'"\xff"', "UTF-8"),
        (b'"\xc0\x80"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"01", "not JSON"),
        (b"1 2", "not JSON"),
        (b"[1] // done", "not JSON"),
        (b'"' + b"[" * 5_000, "not JSON"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":' * 100_000, "deeper"),
    ],
)  # fmt: skip
def test_what_parsers_differ_in_is_refused(text: bytes | str, says: str) -> None:
    assert says in refusal(text)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**62, 0])
def test_integers_of_64_bits_are_exact(number: int) -> None:
    found = parse_json(str(number))
    assert found == number
    assert type(found) is int


@pytest.mark.parametrize("number", [1.7976931348623157e308, 5e-324, 1e300, -9.3e18])
def test_doubles_are_exact(number: float) -> None:
    assert parse_json(repr(number)) == number


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_limited_whatever_stands_in_strings(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return opening * depth + b'"' + b'[{\\"' * 40 + b'"' + closing * depth

    assert parse_json(nested(MAX_DEPTH)) is not None
    assert "deeper than 16" in refusal(nested(MAX_DEPTH + 1))


def test_many_flat_things_are_not_deep() -> None:
    assert parse_json(b"[" + b",".join([b'{"a":[1]}'] * 500) + b"]") == [{"a": [1]}] * 500


def test_the_size_is_limited() -> None:
    assert parse_json(b"[1]", max_bytes=3) == [1]
    assert "larger than 3 bytes" in refusal(b"[10]", max_bytes=3)
    assert "larger than 3 bytes" in refusal('"é"', max_bytes=3)


@settings(max_examples=500)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0dae1-. \x00\ufeff', max_size=40))
def test_it_agrees_with_a_strict_parser_or_refuses(data: bytes | str) -> None:
    try:
        found = parse_json(data)
    except InvalidInput:
        return
    assert orjson.loads(orjson.dumps(found)) == stdlib_json.loads(data) == found

"""The kinds of field a rule is made of; refusals in a sentence where pydantic's own would not help."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pipeline.identifiers import IDENTIFIER_PATTERN, MAX_KEY_LENGTH


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "remove the NUL character, it can't be stored")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "remove the lone surrogate, it can't be stored") from None
    return text


def _comparable(value: object) -> object:
    """Refuse in one sentence what no member of the union takes, and integers that JSON libraries disagree on."""
    if not isinstance(value, bool | int | float | str):
        raise PydanticCustomError("not_comparable", "use a number, text, true or false")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise PydanticCustomError("integer_size", "use an integer of at most 64 bits")
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise PydanticCustomError("not_finite", "use a finite number")
    return value


Seconds: TypeAlias = Annotated[int, Field(ge=1, le=2_678_400)]
Identifier: TypeAlias = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
Stored: TypeAlias = Annotated[str, AfterValidator(_storable)]
Key: TypeAlias = Annotated[Stored, Field(min_length=1, max_length=MAX_KEY_LENGTH)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Text: TypeAlias = Annotated[Stored, Field(min_length=1, max_length=1024)]
Comparable: TypeAlias = Annotated[
    bool | int | float | Annotated[Stored, Field(max_length=1024)], BeforeValidator(_comparable)
]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a directory of zones
        raise PydanticCustomError("zone", "use the name of an IANA time zone, such as Europe/Berlin") from None
    return name


Zone: TypeAlias = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]


def refuse(field: str, sentence: str) -> PydanticCustomError:
    """What a model's validator raises about one of its fields; the path then names that field."""
    return PydanticCustomError("contradiction", "{sentence}", {"sentence": sentence, "field": field})

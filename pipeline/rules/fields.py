"""The kinds of field a rule is made of; refusals in a sentence where pydantic's own would not help."""

from __future__ import annotations

from typing import Annotated, TypeAlias

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


Identifier: TypeAlias = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
Stored: TypeAlias = Annotated[str, AfterValidator(_storable)]
Key: TypeAlias = Annotated[Stored, Field(min_length=1, max_length=MAX_KEY_LENGTH)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Text: TypeAlias = Annotated[Stored, Field(min_length=1, max_length=1024)]
Comparable: TypeAlias = Annotated[
    bool | int | float | Annotated[Stored, Field(max_length=1024)], BeforeValidator(_comparable)
]

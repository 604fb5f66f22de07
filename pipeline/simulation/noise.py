"""Noise as a function: no generator carries state, so any instant can be asked for in any order."""

from __future__ import annotations

import math

_MASK = 2**64 - 1


def mix(*parts: int) -> int:
    """64 well-mixed bits of some integers (SplitMix64's finaliser; Steele, Lea and Flood, 2014)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state ^ (part & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def uniform(*parts: int) -> float:
    """A number in [0, 1)."""
    return mix(*parts) / 2**64


def bell(*parts: int) -> float:
    """A number of mean 0 and standard deviation 1, never beyond 3.47: the sum of four uniform ones."""
    bits = mix(*parts)
    total = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (total / 65536 - 2.0) * math.sqrt(3.0)


def wander(at: float, *parts: int) -> float:
    """A smooth curve in [-1, 1] that takes a new direction at each whole number of `at`."""
    step = math.floor(at)
    before, after = 2 * uniform(step, *parts) - 1, 2 * uniform(step + 1, *parts) - 1
    weight = (1 - math.cos((at - step) * math.pi)) / 2
    return before + (after - before) * weight

"""Sliding event-time windows: buckets in rings, rings in series. Every value is immutable.

`bucket`      the readings of one step of a window, as a handful of sums
`ring`        the buckets of one series that a span of time needs, and the readings ahead of its clock
`aggregates`  what a window's buckets amount to
`memory`      the timestamps that came already
`series`      one device's key: what is in order, late, or known already
"""

"""The projection: what PostgreSQL and Redis show of the journal, the alerts and the quarantine.

`projection`   the shell: load, apply, skip, flush
`decoding`     records into events; what can't be read is quarantined
`journal`      pure: events into changes
`latest`       pure: the newest values of a batch
`alerts`       pure: alert events into rows
`quarantined`  pure: quarantine records into rows
`rows`         the tuples that travel to PostgreSQL
`store`        their statements
`telemetry`    the statement of the values, with first value wins
`refusals`     finding the rows PostgreSQL refuses
`positions`    where each partition stands
`cached`       what the caches get to see
"""

from sinks.postgres.projection.projection import Projection

__all__ = ["Projection"]

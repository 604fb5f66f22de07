"""The projection: what PostgreSQL and Redis show of the journal, the alerts and the quarantine.

`projection`                     the shell: load, apply, skip, flush
`…_topic`                        applying a batch of one topic
`decoding`, `frames`             records into events; what can't be read is quarantined
`journal`, `definition_rows`     pure: events into changes
`latest`                         pure: the newest values of a batch
`alerts`, `quarantined`          pure: records of the other topics into rows
`rows`, `alert_rows`             the tuples that travel to PostgreSQL
`store_…`, `telemetry`           their statements; of values the first one stays
`refusals`                       finding the rows PostgreSQL refuses
`positions`, `memory`            where each partition stands, and what is kept in mind of it
`context`                        the servers, and how a batch is stored around bad rows
`cached`                         what the caches get to see
"""

from sinks.postgres.projection.projection import Projection

__all__ = ["Projection"]

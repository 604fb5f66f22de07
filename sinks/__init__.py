"""Where things are stored and shown: PostgreSQL, Redis, and the commands that change definitions.

`postgres`     connections, migrations, the projection of the topics
`redis`        the cache and the channel of updates
`commands`     definitions through an outbox into the journal
`quarantine`   appending to the quarantine topic
`stats`        the numbers on the first page
"""

"""PostgreSQL: connections that never hang, migrations, monthly partitions, and the projection of the topics.

`connect`      pool and transaction; trouble becomes PostgresUnavailable
`migrate`      applies infra/migrations
`months`       the partitions of telemetry
`projection`   rows and position in one transaction
`documents`    rows as JSON documents
"""

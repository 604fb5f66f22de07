"""Projection: what PostgreSQL and Redis show of the journal, the alerts and the quarantine."""

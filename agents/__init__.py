"""Faust apps: `detect` folds the journal into alerts, `project` keeps PostgreSQL and Redis."""

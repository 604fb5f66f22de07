"""Adapters to what lies outside Kafka: PostgreSQL, Redis, and the commands' outbox."""

"""Kafka without Faust: creating topics, appending to the journal, reading stretches of it."""

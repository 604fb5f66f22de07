"""The bridge between MQTT and the journal."""

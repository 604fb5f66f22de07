"""The bridge between MQTT and the journal.

`mapping`, `receipt`, `frames`, `ticks`   decide: what a message means, its time, how messages share records
`lean_client`, `session`, `inbox`         the broker's side: a persistent session, acknowledged by hand
`forwarder`                               the way in: into Kafka, then acknowledge, then tick
`alerts_out`                              the way out: alert events to MQTT
`leadership`                              one is active, the others stand by
`probe`, `watching`                       what the watchdog looks at
`main`                                    the process
"""

"""The platform's core and what every process shares.

`events`, `codec`, `alerts`, `alert_codec`   what stands in the journal and on the alert topic
`rules`, `windows`, `fold`                   detection: a pure fold over the journal
`payloads`, `jsonsafe`, `instants`           how the outside world's messages are read
`topics`, `partitioning`, `identifiers`      names and where things go
`journal`                                    Kafka: producing, reading stretches, creating topics
`process`                                    what each process needs: logs, metrics, watchdog
`settings`                                   the environment, read once
`cli`                                        the command line; the only part that knows everything
"""

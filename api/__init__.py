"""The API process: health, live alerts and live values over Socket.IO.

`app`         routes and middlewares
`realtime`    the Socket.IO server and its clients
`alert_tail`  follows iiot.alerts
`updates`     follows the cache's updates on Redis
`commands`    the relay of the commands' outbox
`health`      what is up, looked at in the background
"""

"""The four servers on this machine, and the platform's processes beside them.

`plan`        what is to run: ports, folders, secrets, and what a server is made of
`mosquitto`, `kafka`, `postgres`, `redis`   one pure function each: plan in, files and command line out
`tools`       where this machine keeps the programs
`prepare`     writes files, makes folders, initialises data
`probes`      asks a server whether it answers
`ports`       free ports, and who holds a taken one
`env_file`    the first `.env`, with secrets made for it
`supervisor`, `control`   the file that lists everything to keep alive, and the line to who keeps it so
`launch`      start and stop in the right order
"""

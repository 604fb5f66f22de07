"""Redis: a cache that is written through, and the channel of updates that may be missed. Nothing depends on it.

`entries`   keys, lifetimes and bodies of what is cached
`updates`   the messages on the channel `iiot:updates`
`caches`    writing both, never waiting long, never overwriting newer with older
"""

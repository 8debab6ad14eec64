"""From variant to the bytes of one reader's mail. Pure: no I/O, no clock, no randomness but what is passed in.

Templating makes variants; providers and the preview consume them.
"""

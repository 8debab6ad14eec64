"""What the world calls: readers who leave, editors who decide, providers who report. Edge.

A page is made on the server, needs no script and works at 320 px. Looking never writes: robots, mail scanners and
previews follow every link. Nothing here decides; the desk does.
"""

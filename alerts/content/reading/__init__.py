"""From what was fetched or handed over to an Article: feeds, pages, pushes, cleaning. Pure but for the worker.

Hostile bytes are only ever parsed in `content/untrusted`, in a process of its own.
"""

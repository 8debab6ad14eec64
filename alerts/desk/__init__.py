"""The use-cases of the newsroom, one file each; the only place where rooms meet. Edge.

A use-case is a function that gets the `Newsdesk` first. It decides nothing that a room can decide: it asks one room,
hands the answer to the next, and lets the ledger have the last word.
"""

from alerts.desk.newsdesk import Newsdesk, open_desk

__all__ = ["Newsdesk", "open_desk"]

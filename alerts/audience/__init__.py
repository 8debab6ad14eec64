"""Who gets what: addresses, lists and segments, as editors write them. Edge: reads files.

It never talks to the database: `store.roster` keeps people, `store.segments` says the same rules in SQL.
"""

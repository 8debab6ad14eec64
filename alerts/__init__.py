"""Breaking-news alerts and digests by e-mail for newsrooms.

The house has six floors; imports only go down (see `docs/house.md`).
"""

__version__ = "0.1.0"

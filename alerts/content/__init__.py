"""The content room: from addresses of feeds to the words of an edition.

`fetch` is the only module here that talks to the network, `untrusted` is only ever imported by the guarded worker;
everything else is pure: it gets text and `now`, and gives records back.
"""

"""What a provider says, made fit for a receipt: one line, short, nobody's address in it. Pure."""

import re

#: A reason is read by people and grouped in receipts.
_LONGEST = 300
#: More is not even looked at: finding addresses in a megabyte without spaces takes for ever.
_READ = 2_000
# Generous: rather a word too many hidden than half an address (`o'neil@…`) shown.
_ADDRESS = re.compile(r"<?[^\s<>\"(),;:]+@[^\s<>\"(),;:]+>?")


def plain(text: str) -> str:
    """Make a provider's words one line without addresses and control characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:_READ]).split())
    return _ADDRESS.sub("<address>", line)[:_LONGEST]


def fault(error: BaseException) -> str:
    """Say in a few words what went wrong with a connection."""
    if isinstance(error, TimeoutError):
        return "time ran out"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return plain(str(words))

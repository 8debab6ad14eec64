"""Reads e-mail addresses. Pure."""

import re
import unicodedata

# Almost all addresses are plain ASCII, and email-validator takes 48 µs for each: what these accept, it accepts too, and
# leaves as it is but for a lower-case domain (a test holds them together). The rest goes to it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# Labels such as `xn--…` are left to it: they have another spelling.
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(
    rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z)({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?=[^.]*[A-Za-z]\Z){_LABEL})\Z"
)
#: domains that no mail can reach (RFC 6761 and others)
_SPECIAL = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
#: mailboxes that have no case anywhere (RFC 2142); email-validator writes them in lower case
_ROLES = frozenset(
    {"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster"}
    | {"sales", "security", "support", "usenet", "uucp", "webmaster", "www"}
)


def normalise(text: str) -> str:
    """Read an address: trimmed, composed (NFC), its domain in lower case, its dots and plus signs as they are.

    Raises ValueError that says in words why it is none.
    """
    address = unicodedata.normalize("NFC", text.strip())
    plain = _PLAIN.match(address)
    if plain is not None:
        local, domain = plain[1], plain[2].lower()
        if domain.rpartition(".")[2] not in _SPECIAL and local.lower() not in _ROLES:
            return f"{local}@{domain}"
    return _normalise_any(address)


def _normalise_any(address: str) -> str:
    # Imported late: `alerts --help` needs no idna tables.
    from email_validator import EmailNotValidError, validate_email

    if not address:
        raise ValueError("there is no address")
    try:
        return validate_email(address, check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error).rstrip(".")) from error

"""A reader leaves. Reading the page writes nothing: robots follow links. Only a POST leaves."""

from dataclasses import dataclass

from alerts import tokens
from alerts.desk.newsdesk import Newsdesk
from alerts.log import log
from alerts.model import SCOPE_ALERTS, SCOPE_ALL, SuppressionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavePage:
    """What the link in a mail is about."""

    #: `alerts`, `digest:<name>` or `all`
    scope: str
    #: in words a reader understands
    words: str
    #: the link stood in a test copy: there is nobody to sign off
    test: bool = False


def page(desk: Newsdesk, token: str) -> LeavePage | None:
    """Read an unsubscribe token; None: it was altered. Asks no database, so that known and unknown look alike."""
    if token == "test":  # noqa: S105 - not a password: the word in test copies
        return LeavePage(scope=SCOPE_ALL, words="this mail", test=True)
    fields = _fields(desk, token)
    return LeavePage(scope=fields[1], words=_words(desk, fields[1])) if fields else None


def leave(desk: Newsdesk, token: str, *, everything: bool = False, evidence: str = "") -> LeavePage | None:
    """Sign the reader off the token's scope, or off everything; durable when it returns. None: altered token.

    The answer is the same whether the reader was known, unknown or gone already.
    """
    found = page(desk, token)
    if found is None or found.test:
        return found
    fields = _fields(desk, token)
    assert fields is not None
    scope = SCOPE_ALL if everything else fields[1]
    # By hash: a reader who was forgotten meanwhile leaves all the same.
    hashed = desk.store.roster.address_hash_by_public_id(fields[0])
    if hashed is not None:
        desk.store.roster.suppress(
            hashed,
            reason=SuppressionReason.UNSUBSCRIBED,
            scope=scope,
            now=desk.clock(),
            evidence=evidence or "unsubscribe page",
        )
        log.info("reader_left", scope=scope)
    return LeavePage(scope=scope, words=_words(desk, scope))


def _fields(desk: Newsdesk, token: str) -> tuple[str, str] | None:
    fields = tokens.read(desk.token_keys, "unsubscribe", token)
    return (fields[0], fields[1]) if fields is not None and len(fields) == 2 else None


def _words(desk: Newsdesk, scope: str) -> str:
    if scope == SCOPE_ALL:
        return f"everything from {desk.config.newsroom.name}"
    if scope == SCOPE_ALERTS:
        return "breaking-news alerts"
    name = scope.removeprefix("digest:")
    titles = {digest.name: digest.title for digest in desk.config.digests}
    return titles.get(name) or f"the digest {name}"

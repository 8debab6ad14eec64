"""One SMTP session: greeting, TLS, authentication, then mail after mail. Edge: talks over a `Wire`.

Where the server takes PIPELINING, the envelope of the next mail leaves in the same write as the final dot of this one,
so that a mail costs one round trip (RFC 2920); `smtplib` needs four or five.

    MAIL RCPT DATA ──> 250 250 354
    mail . MAIL RCPT DATA ──> 250 · 250 250 354
    mail . ──> 250

What is certain when the line goes dead: before the final dot left, the mail was not taken; after it, nobody knows.
"""

import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from alerts.model import OutcomeKind
from alerts.provider.connections import Deadline, dial
from alerts.provider.smtp.letters import Letter, Letters
from alerts.provider.smtp.replies import Reply, Ruling, Stage, rule
from alerts.provider.smtp.wire import Broken, Wire
from alerts.provider.words import plain

#: Then the connection is closed, however well it goes: servers grow tired of long ones.
_MOST_MAILS = 200
_DOT = b"\r\n.\r\n"
#: After a broken upload: how long to listen for the reply that explains it.
_GRACE_SECONDS = 0.5


class Refused(Exception):
    """The server does not want to talk to us."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(ruling.reason)
        self.ruling = ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the server is and how to get in. Never printed: it holds the password."""

    host: str
    port: int
    #: None: in the clear
    tls: ssl.SSLContext | None
    #: TLS from the first byte
    implicit: bool
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Access({self.host}:{self.port})"


class Session:
    """A connection that was let in."""

    def __init__(self, access: Access, deadline: Deadline) -> None:
        """Connect. Raises OSError or Refused."""
        self._wire = Wire(dial(access.host, access.port, deadline))
        self._extensions: dict[str, str] = {}
        self._mails = 0
        self._reset_first = False
        self._broken = False
        #: somebody walked away in the middle of a mail, or has not come back yet
        self._midway = False
        try:
            self._enter(access, deadline)
        except BaseException:
            self._wire.close()
            raise

    def usable(self) -> bool:
        """Tell whether more mail may go over it."""
        return not self._broken and not self._midway and self._mails < _MOST_MAILS and self._wire.quiet

    def close(self) -> None:
        """Take leave, without waiting for an answer."""
        if not self._broken and not self._midway:
            with contextlib.suppress(OSError):
                self._wire.write(b"QUIT\r\n", Deadline(1))
        self._broken = True
        self._wire.close()

    def hand_over(self, letters: Letters, deadline: Deadline, start_by: Deadline) -> Iterator[tuple[Letter, Ruling]]:
        """Hand over letters and tell what became of each.

        Ends when there are no more, when it is too late to start another, or when the connection is used up.
        """
        self._midway = True
        letter = self._first(letters, deadline)
        while letter is not None:
            try:
                refusal, data_open = self._opened(letter, deadline)
            except Broken as error:
                self._broken = True
                if self._mails:
                    # It may have had enough of us, or died while it lay idle: that is not the letter's doing.
                    letters.put_back(letter)
                else:
                    yield letter, _not_taken(error)
                return
            self._mails += 1
            ends = refusal is not None and refusal.halts
            ends |= self._mails >= _MOST_MAILS or start_by.passed
            following = None if ends else letters.take()
            ruling, went = self._closed(letter, following, refusal, data_open, deadline)
            if not went:
                letters.put_back(following)
            yield letter, ruling
            if not went:
                return
            letter = following
        self._midway = False

    def try_sender(self, sender: str, deadline: Deadline) -> Ruling | None:
        """Ask whether mail from an address would be taken; None: yes. Raises Broken."""
        reply = self._ask(f"MAIL FROM:<{sender}>", deadline)
        self._reset_first = True
        return None if reply.code < 300 else rule(reply, Stage.MAIL)

    # --- being let in ---

    def _enter(self, access: Access, deadline: Deadline) -> None:
        if access.tls and access.implicit:
            self._wire.start_tls(access.tls, access.host, deadline)
        self._expect(self._wire.read(deadline), Stage.HELLO)
        self._hello(deadline)
        if access.tls and not access.implicit:
            if "STARTTLS" not in self._extensions:
                reason = "the server offers no STARTTLS, and nothing is sent in the clear"
                raise Refused(Ruling(kind=OutcomeKind.BUSY, reason=reason, halts=True))
            self._expect(self._ask("STARTTLS", deadline), Stage.HELLO)
            self._wire.start_tls(access.tls, access.host, deadline)
            # Nothing that was said in the clear counts any more (RFC 3207 §4.2).
            self._hello(deadline)
        if access.username:
            self._authenticate(access, deadline)

    def _hello(self, deadline: Deadline) -> None:
        name = socket.gethostname()
        if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
            name = self._wire.own_address
        self._wire.write(f"EHLO {name}\r\n".encode("ascii"), deadline)
        lines = self._expect(self._wire.read(deadline, joined_by="\n"), Stage.HELLO).text.split("\n")[1:]
        words = [line.split(None, 1) for line in lines]
        self._extensions = {word[0].upper(): word[1] if len(word) > 1 else "" for word in words if word}

    def _authenticate(self, access: Access, deadline: Deadline) -> None:
        offered = self._extensions.get("AUTH", "").upper().split()
        user, secret = access.username.encode(), access.password.encode()
        if "PLAIN" in offered:
            reply = self._ask("AUTH PLAIN " + _b64(b"\0" + user + b"\0" + secret), deadline)
        elif "LOGIN" in offered:
            reply = self._ask("AUTH LOGIN", deadline)
            for answer in (user, secret):
                if reply.code == 334:
                    reply = self._ask(_b64(answer), deadline)
        else:
            reason = "the server takes no password (neither AUTH PLAIN nor LOGIN)"
            raise Refused(Ruling(kind=OutcomeKind.BUSY, reason=reason, halts=True))
        self._expect(reply, Stage.AUTH)

    def _expect(self, reply: Reply, stage: Stage) -> Reply:
        if not 200 <= reply.code < 300:
            raise Refused(rule(reply, stage))
        return reply

    def _ask(self, command: str, deadline: Deadline) -> Reply:
        self._wire.write(command.encode("ascii") + b"\r\n", deadline)
        return self._wire.read(deadline)

    # --- mail ---

    @property
    def _pipelines(self) -> bool:
        return "PIPELINING" in self._extensions

    def _first(self, letters: Letters, deadline: Deadline) -> Letter | None:
        letter = letters.take()
        # If it fails, reading finds out why.
        with contextlib.suppress(Broken):
            self._wire.write(self._opening(letter), deadline)
        return letter

    def _commands(self, letter: Letter) -> list[str]:
        size = f" SIZE={len(letter.content)}" if "SIZE" in self._extensions else ""
        commands = [f"MAIL FROM:<{letter.sender}>{size}", f"RCPT TO:<{letter.recipient}>", "DATA"]
        return ["RSET", *commands] if self._reset_first else commands

    def _opening(self, letter: Letter | None) -> bytes:
        """Write what may leave ahead of its turn."""
        if letter is None or not self._pipelines:
            return b""
        return "".join(command + "\r\n" for command in self._commands(letter)).encode("ascii")

    def _opened(self, letter: Letter, deadline: Deadline) -> tuple[Ruling | None, bool]:
        """Read (or have) the conversation up to DATA: why it was refused, and whether the server waits for a dot."""
        refusal: Ruling | None = None
        data_open = False
        commands = self._commands(letter)
        self._reset_first = False
        for command in commands:
            if self._pipelines:
                reply = self._wire.read(deadline)
            elif refusal is None:
                reply = self._ask(command, deadline)
            else:
                break
            if reply.code == 421:
                raise Broken(f"{reply.code} {reply.text}")
            data_open = command == "DATA" and reply.code == 354
            if command != "RSET" and not data_open and not (command != "DATA" and 200 <= reply.code < 300):
                refusal = refusal or rule(reply, _STAGES[command[:4]])
        # A sender without a recipient lies open at the server.
        self._reset_first = refusal is not None and not data_open
        return refusal, data_open

    def _closed(
        self,
        letter: Letter,
        following: Letter | None,
        refusal: Ruling | None,
        data_open: bool,
        deadline: Deadline,
    ) -> tuple[Ruling, bool]:
        """Send the mail, and the envelope of the next; tell what became of it and whether the connection goes on."""
        end = b"" if not data_open else b".\r\n" if refusal else _stuffed(letter.content) + _DOT[2:]
        try:
            self._wire.write(end + self._opening(following), deadline)
        except Broken as error:
            self._broken = True
            if error.sent < len(end):
                return refusal or self._explained(error, deadline), False
        if not end:
            return refusal or _not_taken(Broken("out of step")), not self._broken
        try:
            reply = self._wire.read(deadline)
        except Broken as error:
            self._broken = True
            unknown = Ruling(kind=OutcomeKind.UNKNOWN, reason=f"no reply to the end of the mail: {plain(str(error))}")
            return refusal or unknown, False
        self._broken |= reply.code == 421 or not 200 <= reply.code < 600 or 300 <= reply.code < 400
        return refusal or rule(reply, Stage.END), not self._broken

    def _explained(self, error: Broken, deadline: Deadline) -> Ruling:
        """Rule on a mail whose upload broke off: by the server's last words, if there are any."""
        try:
            reply = self._wire.read(deadline.within(_GRACE_SECONDS))
        except Broken:
            return _not_taken(error)
        ruling = rule(reply, Stage.END)
        return ruling if ruling.kind in {OutcomeKind.BUSY, OutcomeKind.REJECTED} else _not_taken(error)


_STAGES = {"MAIL": Stage.MAIL, "RCPT": Stage.RCPT, "DATA": Stage.DATA}


def _not_taken(error: Broken) -> Ruling:
    return Ruling(kind=OutcomeKind.BUSY, reason=f"the connection broke before the end of the mail: {plain(str(error))}")


def _stuffed(content: bytes) -> bytes:
    """Double dots at the beginnings of lines (RFC 5321 §4.5.2)."""
    stuffed = content.replace(b"\r\n.", b"\r\n..") if b"\r\n." in content else content
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")

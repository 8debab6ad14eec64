"""An SMTP server over real sockets, with TLS and passwords, that keeps what it took and can be made to fail.

    python -m tests.servers.smtp_server --port 0 --log FILE [--folder DIR] [--user NAME --password WORD]

prints its port on the first line of stdout. The log is one JSON line for each mail taken (sender, recipient,
message_id, size), on disk before it answers. `--folder` also keeps each mail as a file.

Faults go by what a recipient's address holds (`server.faults["full@"] = "452 4.2.2 full"`):

    "550 5.1.1 …"           the reply to RCPT               "mail:451 …"     the reply to MAIL, from then on
    "data:451 …"            the reply to DATA               "end:554 …"      the reply to the final dot
    "drop-rcpt"             hangs up at RCPT                "drop-data"      hangs up instead of 354
    "drop-in"               hangs up while the mail comes   "drop-before"    has the mail, hangs up, forgets it
    "drop-after"            keeps it, then hangs up         "silent-before"  never says 354
    "silent-after"          keeps it, never says so         "421"            keeps it, says 421 to the next MAIL
"""

# ruff: noqa: N802 - aiosmtpd names hooks after commands

import argparse
import asyncio
import json
import os
import socket
import ssl
import threading
import time
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HANGING_UP = "421 4.3.0 hanging up"


class SmtpServer:
    """The server, as a context manager."""

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        mechanisms: frozenset[str] = frozenset({"PLAIN", "LOGIN"}),
        pipelining: bool = True,
        greeting: str = "",
        delay: float = 0,
        log: Path | None = None,
        folder: Path | None = None,
        keep_mail: bool = True,
    ) -> None:
        #: what an address holds → what happens to it
        self.faults: dict[str, str] = {}
        #: (envelope sender, recipient, content) of each mail taken
        self.mails: list[tuple[str, str, bytes]] = []
        self.connections = 0
        self.commands: list[str] = []
        self.login = login
        self.pipelining = pipelining
        self.delay = delay
        self.saying_421 = False
        self.log = log
        self.folder = folder
        self.keep_mail = keep_mail
        self.port = port
        self._tls = tls
        self._implicit = implicit
        self._options: dict[str, Any] = {
            "tls_context": None if implicit else tls,
            "auth_require_tls": False,
            "authenticator": self._check_login if login else None,
            "auth_exclude_mechanism": {"PLAIN", "LOGIN"} - mechanisms,
            "hostname": "relay.test",
            "ident": "test relay",
            "timeout": 60,
        }
        self._greeting = greeting
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SmtpServer":
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def fault(self, address: str) -> str:
        """Tell what happens to an address; empty: nothing."""
        return next((fault for words, fault in self.faults.items() if words in address), "")

    def take(self, sender: str, recipient: str, content: bytes) -> None:
        """Keep a mail: on disk before anything is answered."""
        message_id = message_from_bytes(content, policy=compat32)["Message-ID"]
        if self.folder is not None:
            name = str(message_id).strip("<>").replace("/", "_")
            (self.folder / f"{time.time_ns()}-{name}.eml").write_bytes(content)
        if self.log is not None:
            line = {"sender": sender, "recipient": recipient, "message_id": message_id, "size": len(content)}
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        if self.keep_mail:
            self.mails.append((sender, recipient, content))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Small, so that a client notices soon when nobody reads.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        listener.bind(("127.0.0.1", self.port))
        listening = self._loop.create_server(self._session, sock=listener, ssl=self._tls if self._implicit else None)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            self._loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _session(self) -> SMTP:
        self.connections += 1
        return _Session(self, self._greeting, _Handler(self), loop=self._loop, **self._options)

    def _check_login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.login, handled=False)


class _Session(SMTP):
    """One connection; hangs up, or falls silent, where it is told to."""

    def __init__(self, owner: SmtpServer, greeting: str, *arguments: Any, **options: Any) -> None:
        self.owner = owner
        self._refusal = greeting
        super().__init__(*arguments, **options)

    async def push(self, status: Any) -> None:
        if self._refusal:
            refusal, self._refusal = self._refusal, ""
            await super().push(refusal)
            self.hang_up()
            return
        if self.owner.delay:
            await asyncio.sleep(self.owner.delay)
        await super().push(status)

    def hang_up(self, *, rudely: bool = False) -> None:
        """Close the connection; rudely: reset it."""
        transport = self.transport
        if isinstance(transport, asyncio.Transport):
            transport.abort() if rudely else transport.close()

    async def smtp_DATA(self, arg: str) -> None:
        recipients = self.envelope.rcpt_tos if self.envelope else []
        fault = self.owner.fault(recipients[0]) if recipients else ""
        if fault == "silent-before":
            await asyncio.sleep(3600)
        elif fault == "drop-data":
            self.hang_up(rudely=True)
        elif fault == "drop-in":
            await self.push("354 go on")
            await self._reader.read(1000)
            self.hang_up(rudely=True)
        elif fault.startswith("data:"):
            await self.push(fault.removeprefix("data:"))
        else:
            await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, owner: SmtpServer) -> None:
        self.owner = owner

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.owner.commands.append("EHLO")
        more = ["250-PIPELINING", "250-ENHANCEDSTATUSCODES"] if self.owner.pipelining else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.owner.commands.append("MAIL")
        if self.owner.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        refusal = next((f.removeprefix("mail:") for f in self.owner.faults.values() if f.startswith("mail:")), "")
        if refusal:
            return refusal
        if self.owner.saying_421:
            self.owner.saying_421 = False
            await server.push(HANGING_UP)
            server.hang_up()
            return HANGING_UP
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.owner.commands.append("RCPT")
        fault = self.owner.fault(address)
        if fault == "drop-rcpt":
            server.hang_up(rudely=True)
        if fault[:1].isdigit() and fault != "421":
            return fault
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_RSET(self, server: Any, session: Any, envelope: Any) -> str:
        self.owner.commands.append("RSET")
        return "250 2.0.0 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        recipient = envelope.rcpt_tos[0]
        fault = self.owner.fault(recipient)
        if fault.startswith("end:"):
            return fault.removeprefix("end:")
        if fault == "drop-before":
            server.hang_up(rudely=True)
            return "250 never sent"
        self.owner.take(envelope.mail_from, recipient, envelope.content)
        if fault == "drop-after":
            server.hang_up(rudely=True)
        if fault == "silent-after":
            await asyncio.sleep(3600)
        self.owner.saying_421 = fault == "421"
        return f"250 2.0.0 Ok: queued as {len(self.owner.mails)}"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--no-pipelining", action="store_true")
    arguments = parser.parse_args()
    server = SmtpServer(
        port=arguments.port,
        login=(arguments.user, arguments.password) if arguments.user else None,
        pipelining=not arguments.no_pipelining,
        log=arguments.log,
        folder=arguments.folder,
        keep_mail=False,
    )
    with server:
        print(server.port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

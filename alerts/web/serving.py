"""Serves the application with waitress until told to stop. Edge: listens on a socket."""

import threading

from waitress import wasyncore
from waitress.server import create_server

from alerts.desk import Newsdesk
from alerts.errors import AlertsError, ConfigError
from alerts.log import log
from alerts.web.app import MOST_BYTES, create_app

#: Requests answered at the same time; a page takes milliseconds.
_THREADS = 6
#: Connections at most, and seconds after which a silent one is closed: slow clients must not lock readers out.
_CONNECTIONS, _SILENT_SECONDS = 500, 30
#: How often the loop looks up to see whether it should stop.
_LOOK_UP_SECONDS = 0.5


class Serving:
    """A listening server; `run` answers requests."""

    def __init__(self, desk: Newsdesk) -> None:
        """Listen on the configured address. Raises AlertsError when it is taken."""
        listen = desk.config.web.listen
        self._sockets: dict[int, object] = {}
        try:
            self._server = create_server(
                create_app(desk),
                map=self._sockets,
                listen=listen,
                threads=_THREADS,
                ident=None,
                connection_limit=_CONNECTIONS,
                channel_timeout=_SILENT_SECONDS,
                max_request_body_size=MOST_BYTES,
                max_request_header_size=32_768,
                # A proxy on this machine tells whose request it is; nobody else is believed.
                trusted_proxy="127.0.0.1",
                trusted_proxy_headers={"x-forwarded-for"},
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            wasyncore.close_all(self._sockets, ignore_all=True)
            raise AlertsError(
                f"{listen}: cannot listen there: {error.strerror or error}",
                hint="does another `alerts run` or `alerts serve` use it? change `listen` under [web], or --no-web",
            ) from error
        except ValueError as error:
            raise ConfigError(f'web.listen = "{listen}": {error}', hint='such as "127.0.0.1:8025"') from error

    @property
    def address(self) -> str:
        """Where it listens, as `http://host:port`."""
        several = getattr(self._server, "effective_listen", None)
        host, port = several[0] if several else (self._server.effective_host, self._server.effective_port)
        return f"http://[{host}]:{port}" if ":" in str(host) else f"http://{host}:{port}"

    def run(self, stop: threading.Event) -> None:
        """Answer requests until told to stop; those that are being answered are finished."""
        log.info("web_serves", address=self.address)
        while not stop.is_set():
            wasyncore.loop(timeout=_LOOK_UP_SECONDS, map=self._sockets, use_poll=True, count=1)
        self.close()
        log.info("web_stopped")

    def close(self) -> None:
        """Stop listening and let go of every connection."""
        self._server.task_dispatcher.shutdown(timeout=5)
        # what was answered last is still to be written
        wasyncore.loop(timeout=0.1, map=self._sockets, use_poll=True, count=3)
        wasyncore.close_all(self._sockets, ignore_all=True)


def serve(desk: Newsdesk, stop: threading.Event) -> None:
    """Serve the pages until told to stop. Raises AlertsError when the address is taken."""
    Serving(desk).run(stop)

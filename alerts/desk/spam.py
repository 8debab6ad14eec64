"""What SpamAssassin makes of a mail, where it is installed. Edge: runs its command, with local rules only.

Only `alerts preflight` asks; it takes seconds, is never needed, and only ever warns.
"""

import os
import re
import shutil
import signal
import subprocess

from alerts.model import Finding, Severity

#: A fifth of what commonly makes a mail junk is worth a look.
SCORE_WARNING = 1.0
_SECONDS = 30.0
_POINTS = re.compile(r"Content analysis details:\s+\((-?[\d.]+) points, (-?[\d.]+) required\)")
_RULE = re.compile(r"^\s*(-?\d+\.\d+)\s+([A-Z][A-Z0-9_]+)\b", re.MULTILINE)


def findings(mail: bytes, *, command: str = "spamassassin", seconds: float = _SECONDS) -> list[Finding]:
    """Let SpamAssassin judge a mail; no finding where it is not installed or finds nothing against it."""
    program = shutil.which(command)
    if program is None:
        return []
    said = _run([program, "--local", "--test-mode", "--nocreate-prefs"], mail, seconds)
    points = _POINTS.search(said)
    if points is None:
        return [_warning("spam-unchecked", "SpamAssassin did not finish", "look at `spamassassin --local --test-mode`")]
    score = float(points[1])
    if score < SCORE_WARNING:
        return []
    scored = [(float(value), name) for value, name in _RULE.findall(said[points.end() :]) if float(value) > 0]
    rules = ", ".join(f"{name} {value:+.1f}" for value, name in sorted(scored, reverse=True))
    text = f"SpamAssassin gives it {score:.1f} of {float(points[2]):.1f} points: {rules}"
    return [_warning("spam-score", text, "mend what the rules name; many points put it into the junk folder")]


def _warning(code: str, text: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, text=text, place="the mail", remedy=remedy)


def _run(command: list[str], mail: bytes, seconds: float) -> str:
    """Run a command and return what it printed; empty when it does not end in time."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    with subprocess.Popen(  # noqa: S603 - no shell, and nothing of the mail in the arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(mail, timeout=seconds)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            # Its helpers, too: they hold the pipe.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return ""

"""Let SpamAssassin score the mails as they would travel, by its local rules: `python -m tests.quality.spam FOLDER`."""

import re
import subprocess
import sys
from pathlib import Path

MOST = 0.1
_POINTS = re.compile(r"^Content analysis details:\s+\((-?[\d.]+) points, ", re.MULTILINE)
_RULE = re.compile(r"^\s*(-?\d+\.\d+)\s+([A-Z][A-Z0-9_]+)\b", re.MULTILINE)
_SECONDS = 280


def main(folder: Path) -> int:
    """Print every mail's score with the rules behind it; return 1 when one is above MOST."""
    # What is long on purpose shouts and repeats itself; no newsroom's mail is like that.
    mails = [file for file in sorted(folder.glob("*.eml")) if not file.stem.endswith("-long")]
    command = ["spamassassin", "--local", "--test-mode", "--nocreate-prefs", *map(str, mails)]
    said = subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS).stdout.decode("utf-8", "replace")
    reports = list(_POINTS.finditer(said))
    if not mails or len(reports) != len(mails):
        print(f"SpamAssassin judged {len(reports)} of {len(mails)} mails", file=sys.stderr)
        return 1
    # A rule of 0.0 points says something and costs nothing.
    ends = [*(report.start() for report in reports[1:]), len(said)]
    above = 0
    for mail, report, end in zip(mails, reports, ends, strict=True):
        rules = [(float(points), name) for points, name in _RULE.findall(said[report.end() : end])]
        scored = ", ".join(f"{name} {points:+.1f}" for points, name in rules if points) or "no rule"
        above += float(report[1]) > MOST
        print(f"  {mail.stem:<20} {float(report[1]):5.1f}  {scored}")
    print(f"SpamAssassin: {len(mails)} mails, {above} above {MOST}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""The preview: one web page that shows a mail as its readers will see it. Pure: makes a string.

The page is self-contained and inert. The mail stands in sandboxed frames that may not run scripts, the page itself runs
none either (a strict policy forbids it): light and dark, phone and desktop are all there at once.
"""

import html
import re
from collections.abc import Sequence

from alerts.mail.fill import fill
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Variant
from alerts.model import Finding, Severity
from alerts.templating.checks import SIZE_ERROR

#: A phone's list cuts a subject and preheader off about here.
_INBOX_SUBJECT = 48
_INBOX_PREHEADER = 99

_POLICY = (
    "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)

_DARK_MEDIA = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


def page(variant: Variant, sample: Addressed, findings: Sequence[Finding] = ()) -> str:
    """Make the preview page of a variant for one sample reader."""
    body = fill(variant.html, sample.slots)
    shown = {
        "light": _scheme(body, dark=False),
        "dark": _scheme(body, dark=True),
    }
    frames = "".join(
        _frame(shown[scheme], width=width, title=f"{width} pixels, {scheme}", scheme=scheme)
        for scheme in shown
        for width in (320, 600)
    )
    text = fill(variant.text, sample.slots)
    size = len(body.encode())
    return _PAGE.format(
        policy=html.escape(_POLICY, quote=True),
        language=html.escape(variant.language, quote=True),
        subject=html.escape(variant.subject),
        inbox=_inbox(variant),
        findings=_findings(findings),
        frames=frames,
        text=html.escape(text),
        headers=html.escape(_headers(variant, sample)),
        size=f"{size:,}",
        share=min(100, round(size / SIZE_ERROR * 100)),
        limit=f"{SIZE_ERROR:,}",
    )


def _scheme(body: str, *, dark: bool) -> str:
    """Fix the colour scheme of a mail, whatever the editor's own screen prefers."""
    return _DARK_MEDIA.sub("@media all" if dark else "@media not all", body)


def _frame(body: str, *, width: int, title: str, scheme: str) -> str:
    # `sandbox` without words: no scripts, no forms, no way out. Links stay dead, too.
    return (
        f'<figure class="{scheme}"><figcaption>{html.escape(title)}</figcaption>'
        f'<iframe sandbox title="{html.escape(title, quote=True)}" width="{width}" height="760" '
        f'srcdoc="{html.escape(body, quote=True)}"></iframe></figure>'
    )


def _inbox(variant: Variant) -> str:
    sender = variant.sender.name or variant.sender.address
    return (
        f"<strong>{html.escape(sender)}</strong>"
        f"<b>{_cut(variant.subject, _INBOX_SUBJECT)}</b>"
        f"<span>{_cut(variant.preheader, _INBOX_PREHEADER)}</span>"
    )


def _cut(text: str, length: int) -> str:
    shown, rest = text[:length], text[length:]
    return html.escape(shown) + (f"<del>{html.escape(rest)}</del>" if rest else "")


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p class=good>Nothing was found wrong.</p>"
    rows = "".join(
        f'<li class="{finding.severity.value}"><strong>{"Error" if finding.severity is Severity.ERROR else "Warning"}'
        f"</strong> {html.escape(finding.place)}{': ' if finding.place else ''}{html.escape(finding.text)}"
        f"{f' <em>{html.escape(finding.remedy)}</em>' if finding.remedy else ''}"
        f" <code>{html.escape(finding.code)}</code></li>"
        for finding in findings
    )
    return f"<ul>{rows}</ul>"


def _headers(variant: Variant, sample: Addressed) -> str:
    # The hour is no part of a preview: it is written when the mail is handed over.
    lines = Skeleton(variant).head_for(sample).decode("ascii")
    return lines.replace("\r\n", "\n").strip()


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>Preview: {subject}</title>
<style>
:root {{ color-scheme: light dark; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 24px; font: 16px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }}
body {{ color: #1a1a1a; background: #f6f5f2; }}
h1 {{ margin: 0 0 16px; font: bold 26px/1.25 Georgia, "Times New Roman", serif; }}
h2 {{ margin: 32px 0 10px; font-size: 16px; }}
.inbox {{ max-width: 640px; padding: 12px 16px; background: #fff; border: 1px solid #d4d2cb; border-radius: 8px; }}
.inbox > * {{ display: block; }}
.inbox span, figcaption, .hint {{ color: #595959; }}
.inbox del {{ text-decoration: none; opacity: .45; }}
ul {{ margin: 0; padding: 0; list-style: none; max-width: 760px; }}
li {{ margin: 0 0 8px; padding: 10px 14px; background: #fff; border-left: 4px solid #b7791f; }}
li.error {{ border-color: #a4161a; }}
.good {{ margin: 0; color: #1d6b3a; }}
.frames {{ display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start; }}
figure {{ margin: 0; max-width: 100%; }}
figcaption {{ margin: 0 0 6px; font-size: 14px; }}
iframe {{ display: block; max-width: 100%; border: 1px solid #d4d2cb; border-radius: 8px; background: #fff; }}
.dark iframe {{ background: #101112; }}
pre {{ max-width: 700px; margin: 0; padding: 16px; overflow-x: auto; border: 1px solid #d4d2cb; border-radius: 8px; }}
pre {{ background: #fff; font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace; }}
.text {{ white-space: pre; }}
.gauge {{ max-width: 640px; height: 8px; background: #dddbd4; border-radius: 4px; overflow: hidden; }}
.gauge div {{ height: 100%; background: #1d6b3a; }}
@media (prefers-color-scheme: dark) {{
body {{ color: #f2f1ee; background: #151617; }}
.inbox, li, pre {{ background: #1f2022; border-color: #45464a; }}
.inbox span, figcaption, .hint {{ color: #b8b6b1; }}
.good {{ color: #7fd19b; }}
}}
</style>
</head>
<body>
<h1>{subject}</h1>
<div class="inbox">{inbox}</div>
<h2>Findings</h2>
{findings}
<h2>How it looks</h2>
<div class="frames">{frames}</div>
<h2>Size</h2>
<p class="hint">{size} bytes of HTML; a mail of {limit} is refused, because Gmail would cut it off.</p>
<div class="gauge"><div style="width:{share}%"></div></div>
<h2>Plain text</h2>
<pre class="text" lang="{language}" dir="auto">{text}</pre>
<h2>Headers</h2>
<pre>{headers}</pre>
</body>
</html>
"""

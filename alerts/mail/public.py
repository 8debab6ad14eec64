"""A mail as anybody may see it: without the reader. Pure.

What a slot holds belongs to one reader, a link to leave above all. So a link into a slot goes with its words,
and any other slot stays empty.
"""

import re
import secrets

from alerts.mail.variant import Part


def without_reader(part: Part) -> str:
    """Write the HTML of a part with nothing of a reader in it."""
    # Drawn anew, so that no text of the mail can be taken for a slot.
    mark = f"slot{secrets.token_hex(12)}"
    page = "".join(piece if isinstance(piece, str) else mark for piece in part)
    page = re.sub(rf'<a\b[^<>]*\bhref="{mark}"[^<>]*>.*?</a\s*>', "", page, flags=re.DOTALL | re.IGNORECASE)
    return page.replace(mark, "")

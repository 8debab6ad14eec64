"""From edition to variant: HTML by way of MJML, plain text, checks, preview. Edge: reads template files.

No article or subscriber text ever passes through Jinja as code or through MJML at all: templates are rendered with
opaque tokens, and the tokens are filled afterwards, escaped for the place they stand in. Nothing here sends, stores or
asks a clock.
"""

from alerts.templating.renderer import Renderer
from alerts.templating.theme import Brand

__all__ = ["Brand", "Renderer"]

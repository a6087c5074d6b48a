"""A hook of MkDocs for the site of this folder: a link out of it becomes words.

The pages are read in the repository too, where `../results/reproduction.md` is a link. The site has only this folder.
"""

import re
from typing import Any

OUT = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page's text as it is rendered."""
    return OUT.sub(_as_words, markdown)


def _as_words(link: re.Match[str]) -> str:
    text, path = link.groups()
    return f"`{path}`" if text.strip("`") == path else f"{text} (`{path}` in the repository)"

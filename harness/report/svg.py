"""Matplotlib's SVG made fit for the page.

Promises: no script and no style attribute: styles become classes, so that the page's policy may forbid the rest; text
stays text, in the page's font; identifiers are the drawing's own; the same figure gives the same bytes. Does not cover:
what is drawn (`charts`).
"""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PLACES = frozenset({"d", "x", "y", "transform"})


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG that may stand in the page, and what its classes mean: name to declarations."""

    svg: Markup
    styles: Mapping[str, str]


def drawing(figure: "Figure", roles: Mapping[str, str], name: str, label: str) -> Drawing:
    """The figure as SVG.

    Args:
        figure: what to draw.
        roles: colours in it that stand for a variable of the page.
        name: begins every identifier in it.
        label: what it shows, for who cannot see it.
    """
    root = _written(figure, name)
    used = {element.attrib[LINK] for element in root.iter(f"{{{SPACE}}}use")}
    styles: dict[str, str] = {}
    for element in root.iter():
        _drop_styles(element)
        _set_style(element, roles, styles)
        _set_names(element, name, used)
        _shorten(element)
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.attrib |= {"role": "img", "aria-label": label}
    ET.register_namespace("", SPACE)
    return Drawing(Markup(ET.tostring(root, encoding="unicode")), styles)  # noqa: S704 - ElementTree escapes


def _written(figure: "Figure", name: str) -> ET.Element:
    from matplotlib import rc_context  # noqa: PLC0415 - half a second that only a page with charts needs

    written = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(written, format="svg", metadata=nothing)
    return ET.fromstring(written.getvalue())  # noqa: S314 - Matplotlib's own, of our numbers


def _drop_styles(element: ET.Element) -> None:
    """The one style element has a rule for everything on the page; the page says the same of charts only."""
    for child in list(element):
        if child.tag == f"{{{SPACE}}}style":
            element.remove(child)


def _set_style(element: ET.Element, roles: Mapping[str, str], styles: dict[str, str]) -> None:
    style = element.attrib.pop("style", "")
    if not style:
        return
    for colour, role in roles.items():
        style = style.replace(colour, f"var(--{role})")
    kept = [part for part in style.split("; ") if not part.startswith("font-family")]
    said = "; ".join(re.sub(r"^font: ([\d.]+px).*", r"font-size: \1", part) for part in kept)
    name = f"c{hashlib.sha256(said.encode()).hexdigest()[:8]}"
    styles[name] = said
    element.set("class", name)


def _set_names(element: ET.Element, name: str, used: set[str]) -> None:
    """Identifiers that something refers to get the drawing's name before them, the others go."""
    own = element.attrib.pop("id", "")
    if f"#{own}" in used or element.tag == f"{{{SPACE}}}clipPath":
        element.set("id", f"{name}-{own}")
    clip = element.attrib.get("clip-path", "")
    if clip:
        element.set("clip-path", clip.replace("url(#", f"url(#{name}-"))
    target = element.attrib.pop(LINK, "")
    element.attrib.pop("target", None)  # Matplotlib asks for a new window
    if element.tag == f"{{{SPACE}}}use":
        element.set("href", f"#{name}-{target[1:]}")
    elif element.tag == f"{{{SPACE}}}a":  # thousands of points would be as many stops of the tab key
        element.attrib |= {"href": target, "tabindex": "-1"}


def _shorten(element: ET.Element) -> None:
    """A hundredth of a point is finer than any screen; two thirds of the bytes go."""
    for key in _PLACES & set(element.attrib):
        element.set(key, _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", element.attrib[key]))
    element.text = element.text if (element.text or "").strip() else None
    element.tail = None

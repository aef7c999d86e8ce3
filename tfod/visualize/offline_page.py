"""Pages that bring style, script and data along, and whose own rule lets nothing else run or be loaded."""

import base64
import hashlib
import html
import json
import string
from importlib import resources
from typing import Any

__all__ = ["offline_page"]


def offline_page(package: str, name: str, title: str, data: Any, sources: str) -> str:
    """A page of the files `page/NAME.html`, `.css` and `.js` of a package.

    The first is the body, which has `$title` where that goes. The script finds `data`, which may hold texts of
    strangers, and the functions of `offline/page.js` and `offline/objects.js`; these need `data["drawing"]`, which
    `tfod.visualize.style.drawing_of_pages` gives.

    Args:
      sources: What else may be loaded, in words of a Content-Security-Policy.
    """
    own, shared = resources.files(package) / "page", resources.files("tfod.visualize") / "offline"
    body, style, script = ((own / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    page, *helpers = ((shared / file).read_text(encoding="utf-8") for file in ("page.html", "page.js", "objects.js"))
    script, title = "".join((*helpers, script)), html.escape(title)
    return string.Template(page).substitute(
        title=title,
        sources=sources,
        body=string.Template(body.rstrip("\n")).substitute(title=title),
        style=style,
        script=script,
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
        data=_json(data),
    )


def _json(data: Any) -> str:
    """JSON without a character that could end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

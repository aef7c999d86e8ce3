"""One self-contained page of HTML: headings, tables and pictures, without the network or scripts of its own."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Page"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #1c2230; }
h1 { font-size: 1.7em; } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #dde; }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .8em; text-align: right; border-bottom: 1px solid #e6e8ee; }
th:first-child, td:first-child { text-align: left; } th { color: #566; font-weight: 600; }
figure { margin: 1em 0; } img, svg { max-width: 100%; height: auto; } figcaption { color: #566; font-size: .9em; }
iframe { width: 100%; height: 92vh; border: 1px solid #dde; }
pre { background: #f5f6f9; padding: .8em; overflow-x: auto; }
i.key { display: inline-block; width: .9em; height: .9em; margin-right: .4em; border: 1px solid #999; }
"""


class Page:
    """Collects parts in the order in which they are added; `html()` gives the page."""

    def __init__(self, title: str) -> None:
        self._title = html.escape(title)
        self._parts: list[str] = [f"<h1>{self._title}</h1>"]

    def heading(self, text: str) -> None:
        """Begins a section."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def code(self, text: str) -> None:
        """Lines as they are, in letters of one width."""
        self._parts.append(f"<pre>{html.escape(text)}</pre>")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; the first column is to the left, the others are numbers."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headings)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        self._parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def key(self, names: Sequence[str], colours: Sequence[tuple[int, int, int]]) -> None:
        """Which colour stands for what."""
        entries = (
            f'<i class="key" style="background: rgb{tuple(colour)}"></i>{html.escape(name)}'
            for name, colour in zip(names, colours, strict=True)
        )
        self._parts.append(f"<p>{' &nbsp; '.join(entries)}</p>")

    def picture(self, image: NDArray[np.uint8], caption: str) -> None:
        """A picture, uint8 `[H, W, 3]`, with a line below it."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="JPEG", quality=88)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        self._figure(f'<img alt="{html.escape(caption)}" src="data:image/jpeg;base64,{data}">', caption)

    def drawing(self, svg: str, caption: str) -> None:
        """A drawing of lines and letters, as SVG."""
        self._figure(svg, caption)

    def inner(self, page: str, title: str) -> None:
        """Another page in a frame, nearly as high as the window, with its own style and scripts."""
        frame = f'<iframe title="{html.escape(title)}" srcdoc="{html.escape(page)}"></iframe>'
        self._parts.append(frame)

    def html(self) -> str:
        """The page."""
        head = f'<meta charset="utf-8"><title>{self._title}</title><style>{_STYLE}</style>'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(self._parts)}</body></html>\n'

    def _figure(self, content: str, caption: str) -> None:
        self._parts.append(f"<figure>{content}<figcaption>{html.escape(caption)}</figcaption></figure>")

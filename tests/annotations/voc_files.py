"""Small annotated photos for tests."""

import io
from pathlib import Path

from PIL import Image

__all__ = ["annotation", "item", "picture", "write_photo"]


def picture(width: int = 64, height: int = 48, kind: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    """An encoded picture with a gradient."""
    gradient = Image.linear_gradient("L").resize((width, height)).convert(mode)
    buffer = io.BytesIO()
    gradient.save(buffer, kind, **options)
    return buffer.getvalue()


def item(name: str = "cat", box: tuple[object, ...] = (10, 12, 30, 36), extra: str = "") -> str:
    """An <object>; `box` is xmin, ymin, xmax, ymax."""
    sides = "".join(f"<{tag}>{side}</{tag}>" for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"  <object>\n    <name>{name}</name>{extra}\n    <bndbox>{sides}</bndbox>\n  </object>\n"


def annotation(
    filename: str = "photo.jpg", *items: str, size: tuple[object, object] | None = (64, 48), doctype: str = ""
) -> str:
    """The text of an annotation file."""
    sides = f"  <size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>\n" if size else ""
    head = f"{doctype}<annotation>\n  <filename>{filename}</filename>\n{sides}"
    return head + "".join(items) + "</annotation>\n"


def write_photo(folder: Path, stem: str = "photo", *items: str, data: bytes | None = None) -> Path:
    """Writes STEM.jpg and STEM.xml; returns the path of the XML."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.jpg").write_bytes(picture() if data is None else data)
    path = folder / f"{stem}.xml"
    path.write_text(annotation(f"{stem}.jpg", *items), encoding="utf-8")
    return path

"""Pascal VOC written: one XML file beside each picture, in the layout of labelImg."""

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.format import Writing

__all__ = ["decimal", "voc_text", "write_voc"]


def write_voc(images: Iterable[AnnotatedImage], folder: Path, writing: Writing) -> None:
    """Writes SUBSET/STEM.xml for each picture."""
    for image in images:
        path = folder / image.subset / f"{Path(image.filename).stem}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(voc_text(image, one_based=writing.one_based), encoding="utf-8")


def voc_text(image: AnnotatedImage, *, one_based: bool = False) -> str:
    """The annotation as text. Coordinates stay whole where they are; with `one_based`, pixels count from 1."""
    fields = dict(image.fields)
    source = f"\t<source>\n\t\t<database>{escape(fields.get('database', 'Unknown'))}</database>\n\t</source>\n"
    head = (
        f"<annotation>\n\t<folder>{escape(image.subset)}</folder>\n"
        f"\t<filename>{escape(image.filename)}</filename>\n{source}"
        f"\t<size>\n\t\t<width>{image.width}</width>\n\t\t<height>{image.height}</height>\n\t\t<depth>3</depth>\n"
        f"\t</size>\n\t<segmented>{escape(fields.get('segmented', '0'))}</segmented>\n"
    )
    return head + "".join(_object(item, 1 if one_based else 0) for item in image.objects) + "</annotation>\n"


def decimal(value: float) -> str:
    """A coordinate as text, without a fraction where it is whole.

    >>> decimal(12.0), decimal(12.25)
    ('12', '12.25')
    """
    return str(int(value)) if value.is_integer() else repr(value)


def _object(item: AnnotatedObject, shift: int) -> str:
    occluded = "\t\t<occluded>1</occluded>\n" if ("occluded", "1") in item.fields else ""
    corners = (("xmin", item.xmin + shift), ("ymin", item.ymin + shift), ("xmax", item.xmax), ("ymax", item.ymax))
    box = "".join(f"\t\t\t<{tag}>{decimal(value)}</{tag}>\n" for tag, value in corners)
    return (
        f"\t<object>\n\t\t<name>{escape(item.class_name)}</name>\n\t\t<pose>{escape(item.pose)}</pose>\n"
        f"\t\t<truncated>{item.truncated:d}</truncated>\n\t\t<difficult>{item.difficult:d}</difficult>\n{occluded}"
        f"\t\t<bndbox>\n{box}\t\t</bndbox>\n\t</object>\n"
    )

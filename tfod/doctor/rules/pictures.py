"""Rules about one picture: what its header says, beside its annotation. Each says what is wrong, or None."""

import os
from collections.abc import Callable, Iterator

from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.pictures import EXTENSIONS, PictureHeader, TruncatedPictureError, read_header, read_header_of
from tfod.doctor.findings import Finding, about
from tfod.errors import DataError
from tfod.files import LFS_CURE

__all__ = ["GIANT_PIXELS", "PICTURE_RULES", "check_header", "open_picture"]

GIANT_PIXELS = 100_000_000


def _extension(image: AnnotatedImage, header: PictureHeader) -> str | None:
    extension = os.path.splitext(image.filename)[1]
    if EXTENSIONS.get(extension.lower()) == header.format:
        return None
    return f"the picture is a {header.format.upper()}, its name ends in {extension!r}"


def _size(image: AnnotatedImage, header: PictureHeader) -> str | None:
    if not image.width or not image.height:
        return None
    says, real = (image.width, image.height), (header.width, header.height)
    if says == real or header.annotated_as_shown(image.width, image.height):
        return None
    text = f"the annotation says {says[0]} x {says[1]}, the picture is {real[0]} x {real[1]}"
    if abs(image.width * header.height - image.height * header.width) < max(*real, *says):
        return f"{text}: it was made {'smaller' if image.width > header.width else 'larger'} afterwards"
    return text


def _size_missing(image: AnnotatedImage, header: PictureHeader) -> str | None:
    return None if image.width and image.height else "the annotation does not tell the picture's size"


def _rotated(image: AnnotatedImage, header: PictureHeader) -> str | None:
    if header.orientation == 1:
        return None
    says = f"EXIF turns the picture (orientation {header.orientation})"
    if header.annotated_as_shown(image.width, image.height):
        return f"{says}; the boxes were drawn on the turned one, as its size in the annotation shows"
    return f"{says}; do the boxes fit the pixels as they are stored?"


def _gray(image: AnnotatedImage, header: PictureHeader) -> str | None:
    return "the picture is grayscale" if header.channels <= 2 else None


def _palette(image: AnnotatedImage, header: PictureHeader) -> str | None:
    return "the picture has a palette" if header.palette else None


def _alpha(image: AnnotatedImage, header: PictureHeader) -> str | None:
    has_alpha = header.channels == 2 or (header.channels == 4 and header.format != "jpeg")
    return "the picture has a channel of transparency" if has_alpha else None


def _cmyk(image: AnnotatedImage, header: PictureHeader) -> str | None:
    return "the JPEG is CMYK" if header.channels == 4 and header.format == "jpeg" else None


def _deep(image: AnnotatedImage, header: PictureHeader) -> str | None:
    return f"the picture has {header.bits} bits a channel" if header.bits > 8 else None


def _giant(image: AnnotatedImage, header: PictureHeader) -> str | None:
    if header.width * header.height <= GIANT_PIXELS:
        return None
    return f"the picture has {header.width} x {header.height} pixels, {header.width * header.height // 10**6} million"


PICTURE_RULES: dict[str, Callable[[AnnotatedImage, PictureHeader], str | None]] = {
    "picture-extension": _extension,
    "picture-size": _size,
    "picture-size-missing": _size_missing,
    "picture-rotated": _rotated,
    "picture-gray": _gray,
    "picture-palette": _palette,
    "picture-alpha": _alpha,
    "picture-cmyk": _cmyk,
    "picture-16-bit": _deep,
    "picture-giant": _giant,
}


def open_picture(image: AnnotatedImage) -> PictureHeader | Finding:
    """The header of the picture; a finding where there is none."""
    if image.picture is None and image.encoded is None:
        return about(image, "picture-missing", f"there is no picture {image.filename!r}")
    try:
        return read_header(image.encoded, image.source) if image.encoded else read_header_of(image.picture or "")
    except TruncatedPictureError as error:
        return about(image, "picture-truncated", error.what)
    except DataError as error:
        return about(image, "picture-not-fetched" if error.cure == LFS_CURE else "picture-unreadable", error.what)


def check_header(image: AnnotatedImage, header: PictureHeader) -> Iterator[Finding]:
    """What is wrong with a picture that can be read, as far as its header tells."""
    for rule, find in PICTURE_RULES.items():
        if what := find(image, header):
            yield about(image, rule, what)

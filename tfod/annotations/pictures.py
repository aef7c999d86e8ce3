"""Pictures found on disk and known by their headers; no pixel is decoded here."""

import io
import mmap
import os
import struct
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from os.path import isfile
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from tfod.errors import DataError
from tfod.files import LFS_CURE, beginning, is_lfs_pointer, read_bytes

__all__ = [
    "EXTENSIONS",
    "PICTURE_FOLDERS",
    "PictureHeader",
    "TruncatedPictureError",
    "find_picture",
    "how_found",
    "other_name",
    "path_ends",
    "picture_sizes",
    "picture_stem",
    "plain_name",
    "read_header",
    "read_header_of",
    "spelt_alike",
]

# The formats that TensorFlow's decode_image turns into one picture, by their usual extensions.
EXTENSIONS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".bmp": "bmp"}

# Where data sets keep pictures whose annotations have a folder of their own beside.
PICTURE_FOLDERS = ("JPEGImages", "images", "Images")

_TRIED_EXTENSIONS = tuple(change(extension) for change in (str.lower, str.upper) for extension in EXTENSIONS)
_MOST_ENDS = 12  # of a path that are tried
_MOST_BYTES_READ_WHOLE = 1 << 18
_EXIF_ORIENTATION = 0x0112
_WITH_EXIF = ("JPEG", "MPO", "WEBP", "TIFF")  # whose EXIF Pillow reads without decoding
_START_OF_SCAN, _END_OF_IMAGE, _APP1 = 0xDA, 0xD9, 0xE1
_STANDALONE_MARKERS = {0x01, 0xD8, *range(0xD0, 0xD8)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_DECODABLE_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_PNG_PALETTE = 3
_PNG_END = b"IEND\xae\x42\x60\x82"  # the last chunk's name and checksum
_BMP_UNCOMPRESSED = (0, 3)  # BI_RGB, BI_BITFIELDS
_OTHER_FORMATS = (
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (4, b"ftyp", "HEIC or AVIF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL", "JPEG XL"),
    (0, b"\0\0\0\x0cjP", "JPEG 2000"),
)


class PictureHeader(NamedTuple):
    """What a header says: `format` jpeg, png or bmp, the size in pixels as stored, channels as stored.

    `orientation` is EXIF's, 1 to 8: how a viewer should turn the stored pixels. TensorFlow does not. `bits` are those
    of one channel, 1 to 16. With a `palette` the pixels are numbers of colours, `channels` those of the colours.
    """

    format: str
    width: int
    height: int
    channels: int
    orientation: int = 1
    bits: int = 8
    palette: bool = False

    def annotated_as_shown(self, width: int | None, height: int | None) -> bool:
        """Whether an annotation of that size speaks of the picture as a viewer turns it: the sides are exchanged.

        >>> PictureHeader("jpeg", 640, 480, 3, orientation=6).annotated_as_shown(480, 640)
        True
        """
        exchanged = (width, height) == (self.height, self.width)
        return self.orientation >= 5 and exchanged and self.width != self.height


class TruncatedPictureError(DataError):
    """A picture whose file ends too early."""


def read_header_of(path: str) -> PictureHeader:
    """The header of the picture at `path`, as `read_header` tells it; of a large file only a few pages are read.

    Raises DataError for a file that cannot be read, too.
    """
    try:
        if os.path.getsize(path) <= _MOST_BYTES_READ_WHOLE:
            return read_header(read_bytes(path), path)
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return read_header(data, path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the picture: {reason}", path, "check the file and its rights") from error


def read_header(data: bytes | mmap.mmap, name: str) -> PictureHeader:
    """The header of the picture whose whole file is `data`; `name` is for messages.

    Raises DataError for what TensorFlow could not decode: not a picture, another format, a header or a file that
    ends too early, a variant (lossless JPEG, palette BMP) that its decoder has not.
    """
    try:
        if data[:3] == b"\xff\xd8\xff":
            header = _jpeg(data, name)
        elif data[:8] == b"\x89PNG\r\n\x1a\n":
            header = _png(data, name)
        elif data[:2] == b"BM":
            header = _bmp(data, name)
        else:
            raise _not_decodable(data, name)
    except (struct.error, IndexError, ValueError) as error:
        raise _cut_short(name, "header") from error
    if header.width <= 0 or header.height <= 0:
        size = f"{header.width} x {header.height}"
        raise DataError(f"the header gives the size {size}", name, "replace or remove the picture")
    return header


def find_picture(filename: str, annotation: str, image_dir: str | None = None) -> str | None:
    """The path of the picture that the file `annotation` calls `filename`; None where there is none.

    Looked for in `image_dir` if given, else beside the annotation and in PICTURE_FOLDERS beside its folder: the name
    as it is (with its sub-folders, if it stays inside), then by the ends of its path (annotations hold absolute and
    Windows paths of other machines), then percent-decoded, then with other code points for the same letters, then
    with another picture extension, then under the annotation's own name, which people keep when they rename both, and
    last with letters of another case, which Windows and macOS take for the same, if that is one picture.
    """
    folders = (image_dir,) if image_dir else _usual_folders(os.path.dirname(annotation))
    name = plain_name(filename)
    names = (name,) if name == filename else path_ends(filename)
    for candidate in filter(None, names):
        for folder in folders:
            if isfile(path := f"{folder}/{candidate}"):
                return path
    # From here on folders are listed, once: a data set may lack all of its images.
    there = {folder: _names_in(folder) for folder in folders}
    odd = "%" in filename or "#" in filename or not filename.isascii() or any(listed.meant for listed in there.values())
    for candidate in path_ends(unquote(filename)) if odd else ():
        if found := _spelt_otherwise(candidate, folders):
            return found
    if not any(listed.names for listed in there.values()):
        return None
    for stem in filter(None, (os.path.splitext(name)[0], picture_stem(annotation))):
        for folder, listed in there.items():
            for extension in _TRIED_EXTENSIONS:
                if f"{stem}{extension}" in listed.names and isfile(path := f"{folder}/{stem}{extension}"):
                    return path
    stem = spelt_alike(os.path.splitext(name)[0])
    alike = ((folder, odd and listed.stems.get(stem)) for folder, listed in there.items())
    in_another_case = ((folder, listed.folded.get(stem.casefold())) for folder, listed in there.items())
    named = (f"{folder}/{found}" for folder, found in (*alike, *in_another_case) if found)
    return next(filter(isfile, named), None)


def path_ends(path: str) -> Iterator[str]:
    r"""The ends of a path of any system, the longest first: what of it may be there on another machine.

    >>> list(path_ends(r"C:\data\train\cat.jpg")), list(path_ends("../images/cat.jpg"))
    (['data/train/cat.jpg', 'train/cat.jpg', 'cat.jpg'], ['images/cat.jpg', 'cat.jpg'])
    """
    parts = path.replace("\\", "/").split("/")
    up = max((number for number, part in enumerate(parts) if part == ".."), default=-1)
    parts = [part for part in parts[up + 1 :] if part not in ("", ".") and not part.endswith(":")]
    return ("/".join(parts[start:]) for start in (*range(len(parts))[:1], *range(len(parts))[1:][-_MOST_ENDS:]))


def other_name(written: str, filename: str) -> str:
    """What the annotation calls the picture that was found as `filename`; empty where it is the same."""
    name = plain_name(written)
    return "" if name == filename else name


def how_found(written: str, filename: str) -> str:
    """What it took to find the picture `filename` under the name that is `written`.

    >>> how_found("a%20b.jpg", "a b.jpg"), how_found("a.png", "a.jpg")
    ('percent-decoded', 'by its name without the extension')
    """
    if spelt_alike(written) != spelt_alike(filename):
        same = spelt_alike(written).casefold() == spelt_alike(filename).casefold()
        return "with letters of another case" if same else "by its name without the extension"
    if unquote(written) == filename or written == unquote(filename):
        return "percent-decoded"
    return "with _ for #" if "#" in f"{written}{filename}" else "spelt with other code points"


def spelt_alike(name: str) -> str:
    """What names have in common that differ in percent signs for letters, in the code points of one letter, or in the
    `#` for which labelU writes `_`.

    >>> spelt_alike("a%20b.jpg"), spelt_alike("cafe\u0301") == spelt_alike("caf\u00e9"), spelt_alike("a#1")
    ('a b.jpg', True, 'a_1')
    """
    if "%" in name:
        name = unquote(name)
    name = name.replace("#", "_")
    return name if name.isascii() else normalize("NFC", name)


def _spelt_otherwise(candidate: str, folders: tuple[str, ...]) -> str | None:
    """The picture whose name means the same as `candidate`, a path that was percent-decoded."""
    inside, _, name = candidate.rpartition("/")
    for folder in folders:
        place = f"{folder}/{inside}" if inside else folder
        if isfile(path := f"{place}/{name}"):
            return path
        found = _names_in(place).meant.get(spelt_alike(name))
        if found and isfile(path := f"{place}/{found}"):
            return path
    return None


class _Listed(NamedTuple):
    """The images of a folder: `names`; and of those that may be spelt otherwise, what their names and their stems mean
    -> the name. So `folded`, for stems in letters of any case that are one image's."""

    names: frozenset[str] = frozenset()
    meant: Mapping[str, str] = {}
    stems: Mapping[str, str] = {}
    folded: Mapping[str, str] = {}


def _names_in(folder: str) -> _Listed:
    try:
        changed = os.stat(folder).st_mtime_ns
    except (OSError, ValueError):  # there is none, or no folder can have that name
        return _Listed()
    return _listed(folder, changed)


@lru_cache(maxsize=16)
def _listed(folder: str, changed: int) -> _Listed:
    del changed  # a folder that has changed is read again
    try:
        names = [name for name in sorted(os.listdir(folder)) if os.path.splitext(name)[1].lower() in EXTENSIONS]
    except OSError:
        return _Listed()
    odd = [name for name in names if "%" in name or "#" in name or not name.isascii()]
    meant = {spelt_alike(name): name for name in odd}
    folded: dict[str, str] = {}
    for name in names:
        key = spelt_alike(os.path.splitext(name)[0]).casefold()
        folded[key] = "" if key in folded else name
    stems = {spelt_alike(os.path.splitext(name)[0]): name for name in odd}
    return _Listed(frozenset(names), meant, stems, folded)


def _usual_folders(folder: str) -> tuple[str, ...]:
    """Of Annotations/train also JPEGImages/train."""
    folder = folder or os.curdir
    above, annotations, inside = folder.rpartition("/Annotations/")
    like = (f"{above}/{name}/{inside}" for name in PICTURE_FOLDERS) if annotations else ()
    return folder, *(f"{folder}/../{name}" for name in PICTURE_FOLDERS), *filter(os.path.isdir, like)


def plain_name(filename: str) -> str:
    r"""The last part of a path of any system; empty where that is no name.

    >>> plain_name(r"C:\pictures\cat.jpg"), plain_name("/home/me/cat.jpg"), plain_name("..")
    ('cat.jpg', 'cat.jpg', '')
    """
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "" if name in (".", "..") else name


def picture_stem(filename: str) -> str:
    """The last part of a path without a picture's, or an annotation's, extension; other dots stay.

    >>> picture_stem("photos/cat.1.jpg"), picture_stem("cat.1")
    ('cat.1', 'cat.1')
    """
    name = plain_name(filename)
    if "." not in name:
        return name
    stem, extension = os.path.splitext(name)
    return stem if extension.lower() in (*EXTENSIONS, ".xml", ".json") else name


def _jpeg(data: bytes | mmap.mmap, name: str) -> PictureHeader:
    position, orientation = 2, 1
    while True:
        position = data.find(b"\xff", position) + 1
        if not position:
            raise _cut_short(name, "header")
        marker = data[position]
        if marker in (0x00, 0xFF) or marker in _STANDALONE_MARKERS:
            position += marker != 0xFF  # a run of 0xFF before a marker is filling
            continue
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            raise DataError("the JPEG has no size before its pixels", name, "replace or remove the picture")
        (length,) = struct.unpack_from(">H", data, position + 1)
        if marker in _FRAMES:
            break
        if marker == _APP1 and data[position + 3 : position + 9] == b"Exif\0\0":
            orientation = _exif_orientation(data[position + 9 : position + 1 + length])
        position += 1 + length
    precision, height, width, channels = struct.unpack_from(">BHHB", data, position + 3)
    if marker not in _DECODABLE_FRAMES or precision != 8:
        raise DataError(
            "the JPEG is of a kind that TensorFlow cannot decode (lossless, arithmetic or more than 8 bits)",
            name,
            "save it again as a plain JPEG or PNG",
        )
    # A missing end means missing pixels, which TensorFlow refuses. Thumbnails have ends too, but before the frame.
    if data[-2:] != b"\xff\xd9" and data.rfind(b"\xff\xd9", position) < 0:
        raise _cut_short(name, "picture")
    return PictureHeader("jpeg", width, height, channels, orientation)


def _exif_orientation(tiff: bytes) -> int:
    """The orientation in an EXIF block, 1 where it has none or is damaged: it must not cost the picture."""
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _EXIF_ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _png(data: bytes | mmap.mmap, name: str) -> PictureHeader:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR" or colour not in _PNG_CHANNELS:
        raise DataError("the PNG's header is damaged", name, "replace or remove the picture")
    if data.rfind(_PNG_END) < 0:
        raise _cut_short(name, "picture")
    return PictureHeader("png", width, height, _PNG_CHANNELS[colour], bits=bits, palette=colour == _PNG_PALETTE)


def _bmp(data: bytes | mmap.mmap, name: str) -> PictureHeader:
    start, size, width, height, _, bits, compression = struct.unpack_from("<IIiiHHI", data, 10)
    if size < 40 or bits not in (24, 32) or compression not in _BMP_UNCOMPRESSED:
        raise DataError(
            "the BMP is of a kind that TensorFlow cannot decode (palette, compressed or OS/2)",
            name,
            "save it as PNG",
        )
    height = abs(height)  # negative: the rows run from top to bottom
    if len(data) < start + (width * bits + 31) // 32 * 4 * height:
        raise _cut_short(name, "picture")
    return PictureHeader("bmp", width, height, bits // 8)


def _not_decodable(data: bytes | mmap.mmap, name: str) -> DataError:
    if not data:
        return DataError("the picture is empty (0 bytes)", name, "replace or remove it")
    if is_lfs_pointer(data[:64]):
        return DataError("this is a pointer of Git LFS, not the picture", name, LFS_CURE)
    for offset, magic, kind in _OTHER_FORMATS:
        if data[offset : offset + len(magic)] == magic:
            return DataError(
                f"the picture is {kind}, which a TFRecord reader cannot decode", name, "save it as JPEG or PNG"
            )
    return DataError("this is not a picture: its header is of no known format", name, "replace or remove it")


def _cut_short(name: str, what: str) -> TruncatedPictureError:
    return TruncatedPictureError(f"the {what} ends too early: the file is cut short", name, "copy or download it again")


def picture_sizes(picture: str | bytes, name: str = "") -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of a picture, as it is stored and as a viewer shows it, turned as EXIF says; the header is read.

    `picture` is its path, or the content of its file; then `name` says in messages where that came from.
    Takes every format that Pillow knows. Raises DataError for what is no picture.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning of large pictures: no pixel is decoded
            with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as opened:
                orientation = opened.getexif().get(_EXIF_ORIENTATION, 1) if opened.format in _WITH_EXIF else 1
                width, height = opened.size
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError, TypeError) as error:
        where = name if isinstance(picture, bytes) else picture
        if is_lfs_pointer(beginning(picture)):
            raise DataError("this is a pointer of Git LFS, not the picture", where, LFS_CURE) from error
        raise DataError("this is not a picture, or a damaged one", where, "replace or remove it") from error
    return (width, height), (height, width) if orientation in range(5, 9) else (width, height)

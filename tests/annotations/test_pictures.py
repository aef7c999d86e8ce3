"""Headers of pictures: what TensorFlow would find out by decoding, found out without."""

import struct
from pathlib import Path

import pytest

from tests.annotations.voc_files import picture
from tfod.annotations.pictures import (
    PictureHeader,
    TruncatedPictureError,
    picture_sizes,
    picture_stem,
    plain_name,
    read_header,
    read_header_of,
)
from tfod.errors import DataError

EXIF = b"Exif\0\0"


def _with_orientation(value: int, order: str) -> bytes:
    """A JPEG whose EXIF block, in either byte order, says how to turn it."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    tiff = start + struct.pack(order + "IH", 8, 2)
    tiff += struct.pack(order + "HHII", 0x010F, 2, 4, 0)
    tiff += struct.pack(order + "HHIHH", 0x0112, 3, 1, value, 0)
    block = b"\xff\xe1" + struct.pack(">H", len(EXIF + tiff) + 2) + EXIF + tiff
    data = picture()
    return data[:2] + block + data[2:]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture(64, 48), ("jpeg", 64, 48, 3)),
        (picture(300, 20, progressive=True), ("jpeg", 300, 20, 3)),
        (picture(mode="L"), ("jpeg", 64, 48, 1)),
        (picture(mode="CMYK"), ("jpeg", 64, 48, 4)),
        (picture(kind="PNG"), ("png", 64, 48, 3)),
        (picture(kind="PNG", mode="RGBA"), ("png", 64, 48, 4)),
        (picture(kind="PNG", mode="LA"), ("png", 64, 48, 2)),
        (picture(kind="PNG", mode="P"), ("png", 64, 48, 3, 1, 8, True)),
        (picture(kind="PNG", mode="I;16"), ("png", 64, 48, 1, 1, 16)),
        (picture(7, 5, "BMP"), ("bmp", 7, 5, 3)),
        (picture(kind="BMP", mode="RGBA"), ("bmp", 64, 48, 4)),
    ],
)
def test_headers(data: bytes, expected: tuple[object, ...]) -> None:
    header = read_header(data, "a picture")
    assert header == PictureHeader(*expected)  # type: ignore[arg-type]

    import tensorflow as tf

    decoded = tf.io.decode_image(data, channels=3)
    assert decoded.shape == (header.height, header.width, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_large_files_are_read_the_same_without_reading_them_whole(tmp_path: Path, kind: str) -> None:
    data = picture(400, 300, kind)
    large = data[:2] + b"\xff\xfe\x00\x04ab" * 60_000 + data[2:] if kind == "JPEG" else data + bytes(300_000)
    path = tmp_path / "large"
    path.write_bytes(large)
    assert read_header_of(str(path)) == read_header(large, "large") == read_header(data, "small")
    path.write_bytes(large[: 200 if kind == "PNG" else 290_000] if kind != "BMP" else data[:300_000])
    with pytest.raises(TruncatedPictureError):
        read_header_of(str(path))


def test_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(DataError, match="0 bytes"):
        read_header_of(str(tmp_path / "empty"))
    with pytest.raises(DataError, match="no such file"):
        read_header_of(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_exif_orientation(value: int, order: str) -> None:
    assert read_header(_with_orientation(value, order), "a picture").orientation == value


def test_damaged_exif_does_not_cost_the_picture() -> None:
    for length in (2, 8, 9, 20):
        block = b"\xff\xe1" + struct.pack(">H", length + 8) + EXIF + b"MM\0*\0\0\0\x08\xff\xff"[:length].ljust(length)
        data = picture()
        header = read_header(data[:2] + block + data[2:], "a picture")
        assert (header.width, header.orientation) == (64, 1)
    assert read_header(_with_orientation(0, ">"), "a picture").orientation == 1


def test_filling_and_comments_before_the_frame() -> None:
    data = picture()
    comment = b"\xff\xff\xff\xfe" + struct.pack(">H", 6) + b"\xff\xc0??"
    assert read_header(data[:2] + comment + data[2:], "a picture").width == 64


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"<html>not found</html>", "not a picture"),
        (picture(kind="GIF"), "GIF"),
        (picture(kind="WEBP"), "WebP"),
        (picture(kind="TIFF"), "TIFF"),
        (picture(kind="BMP", mode="P"), "palette"),
        (picture()[:-2], "cut short"),
        (picture()[: len(picture()) // 2], "cut short"),
        (picture(kind="PNG")[:-12], "cut short"),
        (picture(kind="PNG")[:20], "cut short"),
        (picture(kind="BMP")[:-1], "cut short"),
        (picture(kind="BMP")[:20], "cut short"),
        (b"\xff\xd8\xff\xd9", "no size"),
        (picture().replace(b"\xff\xc0", b"\xff\xc3"), "lossless"),
    ],
)
def test_what_tensorflow_cannot_decode_is_refused_with_a_cure(data: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        read_header(data, "folder/a.jpg")
    assert caught.value.where == "folder/a.jpg"
    assert caught.value.cure


def test_a_pointer_of_git_lfs_is_told_from_a_picture(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
    (tmp_path / "a.jpg").write_bytes(pointer)
    for read in (
        lambda: read_header(pointer, "a.jpg"),
        lambda: picture_sizes(pointer, "a.jpg"),
        lambda: picture_sizes(str(tmp_path / "a.jpg")),
    ):
        with pytest.raises(DataError, match="a pointer of Git LFS, not the picture") as caught:
            read()
        assert "git lfs pull" in caught.value.cure


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_header_cut_anywhere_is_an_error_of_the_user(kind: str) -> None:
    data = picture(8, 8, kind)
    for length in range(len(data) - 1):
        with pytest.raises(DataError):
            read_header(data[:length], "a picture")


def test_a_size_of_nothing() -> None:
    data = bytearray(picture(kind="PNG"))
    data[16:20] = bytes(4)
    with pytest.raises(DataError, match="0 x 48"):
        read_header(bytes(data), "a picture")


def test_names_without_folders_and_extensions() -> None:
    assert plain_name("a/b/../c.jpg") == "c.jpg"
    assert plain_name("a/..") == plain_name("") == ""
    assert picture_stem(r"D:\x\IMG.001.JPG") == "IMG.001"

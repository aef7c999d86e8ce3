"""The pattern must never see anything else than the XML parser sees."""

import random
from pathlib import Path

import pytest

from tfod.annotations import voc
from tfod.annotations.annotated_image import AnnotatedObject
from tfod.annotations.voc_plain import read_plain
from tfod.errors import DataError

PLAIN = """<annotation verified="yes">
\t<folder>images</folder>
\t<filename>cät 1.jpg</filename>
\t<path>C:\\images\\cat 1.jpg</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>black cat</name>
\t\t<pose>Left</pose>
\t\t<truncated>1</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>10</xmin>
\t\t\t<ymin>20.5</ymin>
\t\t\t<xmax>30</xmax>
\t\t\t<ymax>40</ymax>
\t\t</bndbox>
\t</object>
\t<object>
\t\t<name>dog</name>
\t\t<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>
\t</object>
</annotation>
"""


def agrees(data: bytes) -> bool:
    """Whether the pattern declines, or accepts and means what the parser means."""
    plain = read_plain(data)
    if plain is None:
        return True
    try:
        return plain == voc._read_tree(data, "a.xml", {})
    except DataError:
        return False


def test_the_usual_layout_is_read() -> None:
    assert read_plain(PLAIN.encode()) == (
        "cät 1.jpg",
        "640",
        "480",
        (
            AnnotatedObject("black cat", 10, 20.5, 30, 40, False, True, "Left", 14),
            AnnotatedObject("dog", 1, 2, 3, 4, line=26),
        ),
        (),
    )
    assert agrees(PLAIN.encode())


def test_space_around_a_name_does_not_count() -> None:
    padded = PLAIN.replace("<name>dog</name>", "<name> dog\n</name>").encode()
    assert [item.class_name for item in read_plain(padded)[3]] == ["black cat", "dog"]
    assert agrees(padded)


def test_other_line_ends_and_a_declaration_change_nothing() -> None:
    windows = PLAIN.replace("\n", "\r\n").encode()
    declared = b'<?xml version="1.0" encoding="utf-8"?>\n' + PLAIN.encode()
    for data in (windows, declared):
        assert read_plain(data) is not None
        assert agrees(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<object>", "<!-- a comment --><object>"),
        ("black cat", "black &amp; cat"),
        ("black cat", "<![CDATA[black cat]]>"),
        ("black cat", "black\x07cat"),
        ("<name>", "<part><name>head</name></part><name>"),
        ("<xmin>10</xmin>", "<xmin>-10</xmin>"),
        ("<xmin>10</xmin>", "<xmin>nan</xmin>"),
        ("<xmin>10</xmin>", "<xmin>1.0.1</xmin>"),
        ("<xmin>10</xmin>", "<xmin></xmin>"),
        ("<name>dog</name>", ""),
        ("<name>dog</name>", "<name> </name>"),
        ("</annotation>", "</annotation><annotation/>"),
        ("</annotation>", ""),
        ("<annotation", "<!DOCTYPE a><annotation"),
        ("ä", "\udcff"),
    ],
)
def test_everything_else_is_left_to_the_parser(old: str, new: str) -> None:
    assert read_plain(PLAIN.replace(old, new).encode(errors="surrogateescape")) is None


def test_mutated_files_are_never_read_differently() -> None:
    rng = random.Random(0)
    pieces = [b"<", b">", b"&", b"/", b" ", b"\n", b"\r", b"\x00", b"\x0b", b"\xff", b"7", b".", b"]]>", b"<object>"]
    for _ in range(20_000):
        data = bytearray(PLAIN.encode())
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(data))
            data[start : start + rng.randint(0, 4)] = rng.choice([b"", *pieces])
        assert agrees(bytes(data)), bytes(data)


def test_real_annotations_are_read_alike(shared: Path) -> None:
    files = list((shared / "data").rglob("*.xml"))
    assert files
    assert all(agrees(file.read_bytes()) for file in files)
    assert sum(read_plain(file.read_bytes()) is not None for file in files) > 700

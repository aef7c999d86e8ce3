"""The course's block diagrams: `python docs/lessons/diagrams.py faster_rcnn --output_dir workspace/course/pictures`.

A diagram is a row of columns, a column one block or several above each other; arrows lead from each column to the next.
Colours say what a block is: an input, made by hand, learned, or an output.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

__all__ = ["DIAGRAMS", "Block", "draw", "hand_block", "input_block", "learned_block", "main", "result_block"]

_FILLS = {"input": "#e8e8e8", "hand": "#ffd8a8", "learned": "#b3d9ff", "output": "#c3ecc3"}
_LEGEND = {"hand": "made by hand", "learned": "learned", "output": "result"}
_LETTER = 7.4  # pixels a letter of 14 is wide, on average
_LINE = 19
_GAP = 34  # between columns, for the arrow
_FONT = 'font-family="Helvetica, Arial, sans-serif" fill="#222"'


class Block(NamedTuple):
    """One box of a diagram."""

    kind: str
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines of its text."""
        return self.text.split("\n")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        return max(map(len, self.lines)) * _LETTER + 18, len(self.lines) * _LINE + 16


def input_block(text: str) -> Block:
    """What goes in, or between: an image, regions."""
    return Block("input", text)


def hand_block(text: str) -> Block:
    """A step that a person thought out."""
    return Block("hand", text)


def learned_block(text: str) -> Block:
    """A part that is learned."""
    return Block("learned", text)


def result_block(text: str) -> Block:
    """What comes out."""
    return Block("output", text)


_IMAGE = (input_block("image"),)
_SUPPRESSION = (hand_block("suppression"),)

DIAGRAMS: dict[str, tuple[tuple[Block, ...], ...]] = {
    # The kinds of architectures.
    "two_stage": (
        _IMAGE,
        (learned_block("backbone"),),
        (learned_block("where is\nsomething?"),),
        (input_block("some hundred\nregions"),),
        (learned_block("what is it,\nexactly where?"),),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "one_stage": (
        _IMAGE,
        (learned_block("backbone\nand pyramid"),),
        (learned_block("class of\nevery anchor"), learned_block("box of\nevery anchor")),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "centre": (
        _IMAGE,
        (learned_block("backbone,\nup again"),),
        (learned_block("heat map\nof centres"), learned_block("sizes"), learned_block("offsets")),
        (hand_block("peaks"),),
        (result_block("detections"),),
    ),
    "set": (
        _IMAGE,
        (learned_block("backbone"),),
        (learned_block("transformer:\nall places see\nall others"),),
        (learned_block("100 queries:\nan object each,\nor none"),),
        (result_block("detections"),),
    ),
    # The important ones, in the order of their years.
    "viola_jones": (
        (input_block("every window,\nevery size"),),
        (hand_block("sums of\nrectangles"),),
        (learned_block("cascade of\n38 classifiers"),),
        (result_block("face\nor not"),),
    ),
    "dpm": (
        (input_block("image in\nmany sizes"),),
        (hand_block("histograms\nof gradients"),),
        (learned_block("root filter"), learned_block("filters of parts")),
        (hand_block("parts may\nmove a little"),),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "overfeat": (
        (input_block("image in\nsix sizes"),),
        (learned_block("one network,\nslid over it\nas a convolution"),),
        (learned_block("classes"), learned_block("boxes")),
        (hand_block("boxes\nmerged"),),
        (result_block("detections"),),
    ),
    "rcnn": (
        _IMAGE,
        (hand_block("2,000 regions\n(selective\nsearch)"),),
        (hand_block("each warped\nto 227 x 227"),),
        (learned_block("network,\n2,000 times"),),
        (learned_block("SVM a class"), learned_block("box regression")),
        (result_block("detections"),),
    ),
    "sppnet": (
        _IMAGE,
        (learned_block("network,\nonce"), hand_block("2,000\nregions")),
        (hand_block("each region pooled to\n6 x 6, 3 x 3, 2 x 2, 1"),),
        (learned_block("SVM a class"), learned_block("box regression")),
        (result_block("detections"),),
    ),
    "fast_rcnn": (
        _IMAGE,
        (learned_block("network,\nonce"), hand_block("2,000\nregions")),
        (hand_block("each region\npooled to 7 x 7"),),
        (learned_block("classes"), learned_block("boxes")),
        (result_block("detections"),),
    ),
    "faster_rcnn": (
        _IMAGE,
        (learned_block("network,\nonce"),),
        (learned_block("regions from\nanchors (RPN)"),),
        (hand_block("300 regions\npooled to 7 x 7"),),
        (learned_block("classes"), learned_block("boxes")),
        (result_block("detections"),),
    ),
    "yolo": (
        (input_block("image,\n448 x 448"),),
        (learned_block("network"),),
        (learned_block("7 x 7 cells: 2 boxes\nand 20 classes each"),),
        _SUPPRESSION,
        (result_block("98 boxes\nat most"),),
    ),
    "ssd": (
        (input_block("image,\n300 x 300"),),
        (learned_block("network of\nsix feature maps"),),
        (learned_block("38 x 38"), learned_block("19 x 19"), learned_block("10, 5, 3, 1")),
        (input_block("8,732\nboxes"),),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "fpn": (
        _IMAGE,
        (learned_block("fine, knows\nlittle"), learned_block("coarse, knows\nmuch")),
        (learned_block("from coarse to fine:\nenlarged and added"),),
        (learned_block("fine, knows much"), learned_block("coarse, knows much")),
        (result_block("detections\non each level"),),
    ),
    "retinanet": (
        _IMAGE,
        (learned_block("ResNet\nand FPN"),),
        (learned_block("class of\n100,000 anchors"), learned_block("box of\n100,000 anchors")),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "mask_rcnn": (
        _IMAGE,
        (learned_block("network\nand FPN"),),
        (learned_block("regions\n(RPN)"),),
        (hand_block("pooled without\nrounding (RoIAlign)"),),
        (learned_block("classes"), learned_block("boxes"), learned_block("mask, 28 x 28")),
        (result_block("instances"),),
    ),
    "cornernet": (
        _IMAGE,
        (learned_block("hourglass"),),
        (learned_block("upper left\ncorners"), learned_block("lower right\ncorners")),
        (hand_block("pairs whose\nmarks agree"),),
        (result_block("detections"),),
    ),
    "centernet": (
        _IMAGE,
        (learned_block("hourglass"),),
        (learned_block("heat map\nof centres"), learned_block("width, height"), learned_block("offset")),
        (hand_block("peaks of\n3 x 3"),),
        (result_block("detections"),),
    ),
    "efficientdet": (
        _IMAGE,
        (learned_block("EfficientNet"),),
        (learned_block("BiFPN: up and down,\nseveral times"),),
        (learned_block("classes"), learned_block("boxes")),
        _SUPPRESSION,
        (result_block("detections"),),
    ),
    "detr": (
        _IMAGE,
        (learned_block("ResNet"),),
        (learned_block("transformer,\nencoder"),),
        (learned_block("transformer,\ndecoder with\n100 queries"),),
        (result_block("each query a box\nand a class,\nor nothing"),),
    ),
}


def draw(columns: tuple[tuple[Block, ...], ...]) -> str:
    """The diagram as SVG, as wide and as high as it needs."""
    tallest = max(_height(column) for column in columns)
    parts: list[str] = []
    left, previous = 10.0, []
    for column in columns:
        width = max(block.size[0] for block in column)
        top = 10 + (tallest - _height(column)) / 2
        middles = []
        for block in column:
            parts += _block(block, left, top, width)
            middles.append(top + block.size[1] / 2)
            top += block.size[1] + 12
        pairs = zip(previous, middles, strict=True) if len(previous) == len(middles) else _all_pairs(previous, middles)
        parts += [_arrow(left - _GAP + 2, start, left - 3, end) for start, end in pairs]
        previous = middles
        left += width + _GAP
    kinds = {block.kind for column in columns for block in column}
    bottom = tallest + 40
    parts += _legend([kind for kind in _LEGEND if kind in kinds], bottom - 8)
    return _svg(left - _GAP + 10, bottom + 12, parts)


def _height(column: tuple[Block, ...]) -> float:
    return sum(block.size[1] + 12 for block in column) - 12


def _all_pairs(starts: list[float], ends: list[float]) -> list[tuple[float, float]]:
    return [(start, end) for start in starts for end in ends]


def _block(block: Block, left: float, top: float, width: float) -> list[str]:
    height = block.size[1]
    shape = f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"'
    parts = [f'{shape} fill="{_FILLS[block.kind]}" stroke="#555"/>']
    for row, line in enumerate(block.lines):
        parts.append(_text(left + width / 2, top + 8 + (row + 0.75) * _LINE, line))
    return parts


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="#555" stroke-width="1.5" '
        'marker-end="url(#head)"/>'
    )


def _legend(kinds: list[str], baseline: float) -> list[str]:
    parts, left = [], 10.0
    for kind in kinds:
        parts.append(f'<rect x="{left:.0f}" y="{baseline - 11:.0f}" width="13" height="13" fill="{_FILLS[kind]}"/>')
        parts.append(_text(left + 20, baseline, _LEGEND[kind], size=12, anchor="start"))
        left += 20 + len(_LEGEND[kind]) * _LETTER + 16
    return parts


def _text(x: float, y: float, text: str, size: int = 14, anchor: str = "middle") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" {_FONT}>{escape(text)}</text>'


def _svg(width: float, height: float, parts: list[str]) -> str:
    head = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>'
    )
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    ground = f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', head, ground, *parts, "</svg>"]) + "\n"


def main(diagrams: Mapping[str, tuple[tuple[Block, ...], ...]] = DIAGRAMS) -> None:
    """Draws those of `diagrams` that are named on the command line."""
    parser = argparse.ArgumentParser(description="Draws block diagrams.")
    parser.add_argument("name", choices=sorted(diagrams), nargs="+")
    parser.add_argument("--output_dir", type=Path, required=True, help="where NAME.svg is written")
    args = parser.parse_args()
    args.output_dir.mkdir(parents=True, exist_ok=True)
    for name in args.name:
        (args.output_dir / f"{name}.svg").write_text(draw(diagrams[name]), encoding="utf-8")


if __name__ == "__main__":
    main()

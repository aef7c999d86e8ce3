"""Block diagrams of segmentation: `python -m docs.lessons.segmentation_diagrams fcn --output_dir FOLDER`."""

from docs.lessons import diagrams
from docs.lessons.diagrams import Block, hand_block, input_block, learned_block, result_block

__all__ = ["DIAGRAMS", "main"]

_IMAGE = (input_block("image"),)
_CLASSES = (result_block("class of\nevery pixel"),)

DIAGRAMS: dict[str, tuple[tuple[Block, ...], ...]] = {
    "fcn": (
        _IMAGE,
        (learned_block("VGG-16, all of it\nconvolutions"),),
        (learned_block("scores at 1/8"), learned_block("scores at 1/16"), learned_block("scores at 1/32")),
        (learned_block("enlarged\nand added"),),
        _CLASSES,
    ),
    "segnet": (
        _IMAGE,
        (learned_block("13 convolutions,\npooling"),),
        (learned_block("features at 1/32"), hand_block("places of\nthe maxima")),
        (hand_block("values put back\nto their places"),),
        (learned_block("13 convolutions"),),
        _CLASSES,
    ),
    "deeplab": (
        _IMAGE,
        (learned_block("ResNet, its map\nkept at 1/8"),),
        (
            learned_block("1 x 1"),
            learned_block("3 x 3, gap 6"),
            learned_block("3 x 3, gap 12"),
            learned_block("3 x 3, gap 18"),
            hand_block("mean of all"),
        ),
        (learned_block("laid side by\nside, mixed"),),
        (hand_block("enlarged"),),
        _CLASSES,
    ),
    "pspnet": (
        _IMAGE,
        (learned_block("ResNet"),),
        (hand_block("mean of all"), hand_block("of 2 x 2"), hand_block("of 3 x 3"), hand_block("of 6 x 6")),
        (learned_block("laid beside the\nfeatures, mixed"),),
        (hand_block("enlarged"),),
        _CLASSES,
    ),
    "mask2former": (
        (input_block("image"), learned_block("100 queries")),
        (learned_block("backbone, features\nof every pixel"), learned_block("queries see\neach other")),
        (learned_block("attention, nine times:\na query looks where\nits mask was"),),
        (result_block("a class"), result_block("a mask")),
    ),
    "sam": (
        (input_block("image"), input_block("click or box")),
        (learned_block("image encoder:\nonce an image"), learned_block("prompt\nencoder")),
        (learned_block("mask decoder:\nmilliseconds"),),
        (result_block("three masks"), result_block("how good\neach may be")),
    ),
}


def main() -> None:
    """Draws the diagrams that are named on the command line."""
    diagrams.main(DIAGRAMS)


if __name__ == "__main__":
    main()

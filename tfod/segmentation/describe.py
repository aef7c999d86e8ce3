"""A U-Net told to people: a table of its parts, and a drawing."""

from tfod.segmentation.unet import UNet

__all__ = ["architecture_text"]


def architecture_text(model: UNet) -> str:
    """A table: each level's features on the way down and up, and the numbers that training changes."""
    lines = [f"U-Net with {model.num_parameters():,} trained numbers, {model.num_classes} classes", ""]
    lines.append(f"{'level':>5}  {'resolution':>10}  {'encoder':>8}  {'decoder':>8}")
    for level, (down, up) in enumerate(model.channels()):
        lines.append(f"{level:>5}  {'1/' + str(2**level):>10}  {down:>8}  {up or '':>8}")
    return "\n".join(lines)

"""One colour a class, the same in every picture."""

import colorsys

__all__ = ["PALETTE", "Colour", "class_colour", "hex_colour", "text_colour"]

Colour = tuple[int, int, int]

# Told apart at a glance, neighbours most of all; bright first, since the first classes are drawn most.
PALETTE: tuple[Colour, ...] = (
    (220, 20, 60), (60, 180, 75), (50, 120, 255), (255, 225, 25), (245, 130, 48), (170, 60, 220),
    (66, 212, 244), (240, 50, 230), (191, 239, 69), (250, 170, 200), (0, 150, 136), (154, 99, 36),
    (200, 170, 255), (128, 0, 0), (160, 255, 195), (128, 128, 0), (255, 205, 150), (0, 0, 140),
    (160, 160, 160), (0, 90, 30), (255, 255, 200), (110, 20, 90), (255, 110, 110), (70, 110, 160),
)  # fmt: skip

_GOLDEN_RATIO = 0.618033988749895


def class_colour(class_id: int) -> Colour:
    """RGB in 0..255 of a class id (1-based): from the palette, beyond it spread over hue and brightness."""
    if 1 <= class_id <= len(PALETTE):
        return PALETTE[class_id - 1]
    # Steps of the golden ratio never come back to a hue and keep neighbours far apart.
    hue = class_id * _GOLDEN_RATIO % 1.0
    saturation = (1.0, 0.55, 0.8)[class_id % 3]
    value = (1.0, 0.9, 0.65)[class_id // 3 % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def hex_colour(colour: Colour) -> str:
    """A colour as style sheets write it.

    >>> hex_colour((220, 20, 60))
    '#dc143c'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever has more contrast with the background (WCAG 2 relative luminance)."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in background)
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # Contrast with black is (L + .05) / .05, with white 1.05 / (L + .05): equal at L = .179.
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)

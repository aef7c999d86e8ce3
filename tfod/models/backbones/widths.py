"""Widths of layers that are multiplied."""

__all__ = ["divisible"]


def divisible(channels: float, divisor: int = 8, *, least: int | None = None) -> int:
    """The nearest multiple of `divisor`, but never less than `least` (if not given, `divisor`) or 90 % of `channels`.

    >>> divisible(24 * 1.1), divisible(8.9)
    (24, 16)
    """
    nearest = max(divisor if least is None else least, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest

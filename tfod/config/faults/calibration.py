"""What is wrong with the calibration of scores."""

from collections.abc import Iterator, Sequence

from tfod.config.faults.fault import Fault

__all__ = ["calibration_choice_faults", "points_faults", "temperature_faults"]

_KINDS = ("function_approximation", "class_id_function_approximations", "temperature_scaling_calibration")


def calibration_choice_faults(kind: str | None) -> Iterator[Fault]:
    """`kind`: the calibration that is named. Block: `calibration_config`."""
    if kind not in _KINDS:
        what = f"the calibration {kind or '(none)'} is not available"
        yield Fault(what, "", f"use {', '.join(_KINDS[:-1])} or {_KINDS[-1]}")


def temperature_faults(scaler: float) -> Iterator[Fault]:
    """Block: `temperature_scaling_calibration`."""
    if scaler <= 0:
        yield Fault(f"the temperature is {scaler:g}", "scaler", "--set {field}=1, or another above 0")


def points_faults(xs: Sequence[float]) -> Iterator[Fault]:
    """The `x` of the points of one function. Block: that of the calibration which interpolates."""
    if not xs or list(xs) != sorted(set(xs)):
        yield Fault("the x of the pairs do not increase", "", "sort the pairs by x, each x once")

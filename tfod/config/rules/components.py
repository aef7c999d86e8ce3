"""Rules that one component of a model must keep: what the check reports, the component's `from_config.py` raises.

Each gives what is wrong as ConfigErrors. `where` is the path of the component's message, as "model.ssd.matcher".
"""

from collections.abc import Iterable, Iterator, Sequence

from tfod.errors import ConfigError

__all__ = [
    "anchor_boxes",
    "anchor_lists",
    "feature_maps",
    "loss_chosen",
    "matcher_thresholds",
    "mining",
    "positive_fraction",
    "require",
    "suppression",
]

_WITHOUT_MINING = ("weighted_sigmoid_focal", "weighted_dice_classification_loss")
_EXAMPLES = {"localization_loss": "weighted_smooth_l1", "classification_loss": "weighted_sigmoid_focal"}


def require(problems: Iterable[ConfigError]) -> None:
    """Raises the first of the problems, if there is one."""
    for problem in problems:
        raise problem


def suppression(
    *, per_class: int, total: int, iou_threshold: float, soft_nms_sigma: float, where: str
) -> Iterator[ConfigError]:
    """The numbers of a non-max suppression.

    >>> [problem.what for problem in suppression(per_class=50, total=20, iou_threshold=0.6, soft_nms_sigma=0, where="")]
    ['50 detections a class, but 20 in all']
    """
    if per_class > total:
        cure = f"--set {where}.max_total_detections={per_class}"
        yield ConfigError(
            f"{per_class} detections a class, but {total} in all", f"{where}.max_detections_per_class", cure
        )
    if not 0 <= iou_threshold <= 1:
        field = f"{where}.iou_threshold"
        cure = f"an IoU is between 0 and 1: --set {field}=0.6"
        yield ConfigError(f"iou_threshold is {iou_threshold:g}", field, cure)
    if soft_nms_sigma < 0:
        field = f"{where}.soft_nms_sigma"
        yield ConfigError(
            f"soft_nms_sigma is {soft_nms_sigma:g}", field, f"--set {field}=0 switches soft suppression off"
        )


def matcher_thresholds(*, matched: float, unmatched: float, where: str) -> Iterator[ConfigError]:
    """The thresholds of an argmax matcher."""
    if unmatched > matched:
        field = f"{where}.unmatched_threshold"
        what = f"unmatched_threshold {unmatched:g} is above matched_threshold {matched:g}"
        yield ConfigError(what, field, f"--set {field}={matched:g}")


def anchor_boxes(where: str, **lists: Sequence[float] | int) -> Iterator[ConfigError]:
    """Lists (or their lengths) without which a cell has no anchor, by the names of their fields.

    >>> [problem.where for problem in anchor_boxes("anchors", scales=[1.0], aspect_ratios=[])]
    ['anchors.aspect_ratios']
    """
    for name, values in lists.items():
        if not values:
            cure = f"--set '{where}.aspect_ratios=[1.0, 2.0, 0.5]'" if name == "aspect_ratios" else "give at least one"
            yield ConfigError(f"without {name} there is no anchor", f"{where}.{name}", cure)


def anchor_lists(where: str, layers: int, **counts: int) -> Iterator[ConfigError]:
    """Lists of an SSD's anchors that have one entry for each feature map, or none, by the names of their fields."""
    for name, count in counts.items():
        if count not in (0, layers):
            what = f"{name} has {count} entries for {layers} feature maps"
            yield ConfigError(what, f"{where}.{name}[0]", f"give {layers}, or none")


def feature_maps(*, anchors: int, features: int, where: str, cure: str) -> Iterator[ConfigError]:
    """The number of feature maps that anchors are for, and the number that there is."""
    if anchors != features:
        yield ConfigError(f"anchors are for {anchors} feature maps, the extractor gives {features}", where, cure)


def loss_chosen(kind: str | None, where: str) -> Iterator[ConfigError]:
    """The kind of a `localization_loss` or `classification_loss`, to whose message the path leads."""
    if kind is None:
        name = where.rpartition(".")[2]
        cure = f"--set '{where}={{ {_EXAMPLES[name]} {{}} }}'"
        yield ConfigError(f"no {name.replace('_', ' ')} is chosen", where, cure)


def mining(classification_loss: str | None, where: str) -> Iterator[ConfigError]:
    """The classification loss beside a `hard_example_miner`, to whose message the path leads."""
    if classification_loss in _WITHOUT_MINING:
        what = f"{classification_loss} and hard example mining exclude each other"
        cure = "remove hard_example_miner { ... }, or use weighted_sigmoid or weighted_softmax"
        yield ConfigError(what, where, cure)


def positive_fraction(fraction: float, where: str) -> Iterator[ConfigError]:
    """The share of positive examples in a sample, to whose field the path leads."""
    if not 0 < fraction <= 1:
        name = where.rpartition(".")[2]
        yield ConfigError(f"{name} is {fraction:g}", where, f"it must be above 0 and at most 1: --set {where}=0.5")

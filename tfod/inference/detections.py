"""What a detector found on one image.

Letters: `N` boxes, `K` keypoints of each, `H W` pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tfod import names
from tfod.errors import ConfigError, DataError
from tfod.inference.box_masks import image_masks

if TYPE_CHECKING:
    from tfod.visualize.shapes import Skeletons

__all__ = ["OUTPUTS", "WITH_SHAPES", "Detections", "class_name"]

OUTPUTS = (names.DETECTION_BOXES, names.DETECTION_SCORES, names.DETECTION_CLASSES, names.NUM_DETECTIONS)
"""What every exported detector gives."""

WITH_SHAPES = (*OUTPUTS, names.DETECTION_MASKS, names.DETECTION_KEYPOINTS, names.DETECTION_KEYPOINT_SCORES)
"""These, and what those give that find masks or keypoints."""

_EDGES = ("ymin", "xmin", "ymax", "xmax")
_SURE = 0.5  # the score of keypoints that are drawn


@dataclass(frozen=True)
class Detections:
    """N boxes of one image, best score first.

    Attributes:
      boxes: float32 `[N, 4]`, yxyx, normalised to [0, 1].
      scores: float32 `[N]`.
      class_ids: int64 `[N]`, from 1.
      height, width: Of the image, in pixels.
      masks: bool `[N, H, W]`, of the whole image; None where the model finds none.
      keypoints: float32 `[N, K, 2]`, yx, normalised to [0, 1], NaN for one that is not there; None where the
        model finds none.
      keypoint_scores: float32 `[N, K]`; None where the model gives none.
      class_names: Class id to name; empty where they are not known.
      keypoint_edges: Pairs of numbers of keypoints, from 0, with a line between them; empty where they are
        not known.
      track_ids: int64 `[N]`, from 1, an object's own through the frames of a video, 0 for one that is not tracked; None
        where none are.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]
    height: int
    width: int
    masks: NDArray[np.bool_] | None = None
    keypoints: NDArray[np.float32] | None = None
    keypoint_scores: NDArray[np.float32] | None = None
    class_names: Mapping[int, str] = field(default_factory=dict)
    keypoint_edges: Sequence[tuple[int, int]] = ()
    track_ids: NDArray[np.int64] | None = None

    @classmethod
    def from_outputs(
        cls,
        outputs: Mapping[str, NDArray[Any]],
        height: int,
        width: int,
        class_names: Mapping[int, str] | None = None,
        keypoint_edges: Sequence[tuple[int, int]] = (),
    ) -> "Detections":
        """From what an exported model gives for one image, float32 arrays `[1, N, ...]`; padding is left out."""
        count = int(outputs[names.NUM_DETECTIONS][0])
        found = {name: values[0, :count] for name, values in outputs.items() if name in WITH_SHAPES and values.ndim > 1}
        boxes, masks = found[names.DETECTION_BOXES], found.get(names.DETECTION_MASKS)
        return cls(
            boxes,
            found[names.DETECTION_SCORES],
            found[names.DETECTION_CLASSES].astype(np.int64),
            height,
            width,
            masks=None if masks is None else image_masks(masks, boxes, height, width),
            keypoints=found.get(names.DETECTION_KEYPOINTS),
            keypoint_scores=found.get(names.DETECTION_KEYPOINT_SCORES),
            class_names=class_names or {},
            keypoint_edges=keypoint_edges,
        )

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def names(self) -> list[str]:
        """The name of each box's class; `class 7` where it has none."""
        return self.labels(self.class_names)

    @property
    def skeletons(self) -> "Skeletons | None":
        """The sure keypoints and the lines between them, to be drawn; None where there are no keypoints."""
        from tfod.visualize.shapes import Skeletons

        if self.keypoints is None:
            return None
        if self.keypoint_scores is None:
            return Skeletons(self.keypoints, edges=self.keypoint_edges)
        # Every object has all keypoints; most of one that is half hidden mean nothing.
        sure = self.keypoint_scores[..., np.newaxis] >= _SURE
        return Skeletons(np.where(sure, self.keypoints, np.nan), edges=self.keypoint_edges)

    @property
    def pixel_boxes(self) -> NDArray[np.float64]:
        """The boxes in pixels, float64 `[N, 4]`, yxyx, as they are: they may reach out of the image."""
        return self.boxes.astype(np.float64) * [self.height, self.width, self.height, self.width]

    def best(self, max_boxes: int, min_score: float = 0.0) -> "Detections":
        """At most `max_boxes` of those that score `min_score` or more, best first."""
        order = np.argsort(-self.scores, kind="stable")
        return self.take(order[self.scores[order] >= min_score][:max_boxes])

    def take(self, rows: NDArray[Any]) -> "Detections":
        """Some of them: numbers int `[M]`, in whose order they come, or a mask, bool `[N]`."""
        parts = ("boxes", "scores", "class_ids", "masks", "keypoints", "keypoint_scores", "track_ids")
        given: dict[str, Any] = {name: getattr(self, name) for name in parts}
        chosen: dict[str, Any] = {name: None if values is None else values[rows] for name, values in given.items()}
        return replace(self, **chosen)

    def labels(self, class_names: Mapping[int, str]) -> list[str]:
        """The name of each box's class."""
        return [class_name(class_id, class_names) for class_id in self.class_ids.tolist()]

    def to_json(self, class_names: Mapping[int, str] | None = None) -> list[dict[str, Any]]:
        """One dictionary a box: class_id, name, score, box (normalised) and box_pixels, edges by name.

        The names are those of `class_names`; of None, the detections' own. What was tracked has its `track` too.
        """
        boxes: list[dict[str, Any]] = [
            {
                "class_id": class_id,
                "name": name,
                "score": round(score, 6),
                "box": _edges(box, digits=6),
                "box_pixels": _edges(box_pixels, digits=2),
            }
            for class_id, name, score, box, box_pixels in zip(
                self.class_ids.tolist(),
                self.labels(self.class_names if class_names is None else class_names),
                self.scores.tolist(),
                self.boxes.tolist(),
                self.pixel_boxes.tolist(),
                strict=True,
            )
        ]
        for box, track in zip(boxes, [] if self.track_ids is None else self.track_ids.tolist(), strict=False):
            box["track"] = track or None
        return boxes

    def to_coco(self, image_id: int | str) -> list[dict[str, Any]]:
        """One dictionary a box, as COCO's results have them: `bbox` is x, y, width, height in pixels.

        With masks there is a `segmentation`, run lengths as text; with keypoints there are `keypoints`, x, y in
        pixels and a 1 for each.
        """
        corners = self.pixel_boxes
        sides = corners[:, 2:] - corners[:, :2]
        boxes = np.concatenate([corners[:, 1::-1], sides[:, ::-1]], axis=1).round(2)
        results: list[dict[str, Any]] = [
            {"image_id": image_id, "category_id": class_id, "bbox": box, "score": round(score, 6)}
            for class_id, box, score in zip(self.class_ids.tolist(), boxes.tolist(), self.scores.tolist(), strict=True)
        ]
        if self.masks is not None:
            for result, mask in zip(results, self.masks, strict=True):
                result["segmentation"] = _run_lengths(mask)
        if self.keypoints is not None:
            points = self.keypoints[..., ::-1].astype(np.float64) * [self.width, self.height]
            marked = np.concatenate([points.round(2), np.ones_like(points[..., :1])], axis=-1)
            for result, one in zip(results, marked, strict=True):
                result["keypoints"] = one.ravel().tolist()
        return results

    def to_supervision(self) -> Any:
        """The same as `supervision.Detections`: boxes in pixels, scores, class ids, masks, and the names as data.

        Raises:
          ConfigError: The package supervision is not installed.
        """
        try:
            import supervision
        except ImportError as error:
            what = "the package supervision is not installed"
            raise ConfigError(what, "Detections.to_supervision", "pip install supervision") from error
        return supervision.Detections(
            xyxy=self.pixel_boxes[:, [1, 0, 3, 2]].astype(np.float32),
            confidence=self.scores,
            class_id=self.class_ids.astype(int),
            mask=self.masks,
            tracker_id=self.track_ids,
            data={"class_name": np.array(self.names, dtype=str)},
        )

    def draw(self, image: NDArray[np.uint8], *, side: float | None = None) -> NDArray[np.uint8]:
        """A copy of the image, uint8 `[H, W, 3]`, RGB, with boxes, names and scores; and masks, sure keypoints and
        the lines between these.

        What is tracked has its number after its name. Lines and letters are no larger than on an image of `side` x
        `side` pixels.
        """
        from tfod.visualize.draw import draw_boxes

        self._require_own(image)
        tracks = [0] * len(self) if self.track_ids is None else self.track_ids.tolist()
        labels = [f"{name} #{track}" if track else name for name, track in zip(self.names, tracks, strict=True)]
        return draw_boxes(
            image,
            self.boxes,
            labels,
            self.scores,
            self.class_ids,
            masks=self.masks,
            skeletons=self.skeletons,
            side=side,
        )

    def crops(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """The part of the image, uint8 `[H, W, 3]`, under each box, uint8 `[h, w, 3]`: at least one pixel of it."""
        self._require_own(image)
        most = [self.height, self.width] * 2
        # Boxes are float32: without rounding 0.3 of 100 pixels would begin the 31st.
        edges = np.clip(np.nan_to_num(self.pixel_boxes).round(3), 0, most)
        starts = np.minimum(np.floor(edges[:, :2]).astype(int), np.array(most[:2]) - 1)
        ends = np.maximum(np.ceil(edges[:, 2:]).astype(int), starts + 1)
        return [
            image[top:bottom, left:right].copy()
            for (top, left), (bottom, right) in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def _require_own(self, image: NDArray[np.uint8]) -> None:
        if image.shape[:2] != (self.height, self.width):
            given = " x ".join(map(str, image.shape[:2]))
            what = f"the image has {given} pixels, and these were found on one of {self.height} x {self.width}"
            raise DataError(what, "the image", "give the image that the detector was given")


def class_name(class_id: int, class_names: Mapping[int, str]) -> str:
    """The name in the label map, or `class 7` for an id that it lacks."""
    return class_names.get(class_id, f"class {class_id}")


def _edges(box: list[float], digits: int) -> dict[str, float]:
    return {edge: round(value, digits) for edge, value in zip(_EDGES, box, strict=True)}


def _run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    from tfod.annotations.masks import counts_to_text, run_lengths

    return {"size": list(mask.shape), "counts": counts_to_text(run_lengths(mask).counts)}

"""The two parts of a backbone: one looks at images, the other at single regions of what the first sees.

Letters: `B` images, `H W` their pixels, `R` regions, `S` their side, `D` channels.
"""

import tensorflow as tf

from tfod.models.backbones.backbone import Backbone
from tfod.models.layers.padding import Fit
from tfod.models.necks.neck import Neck

__all__ = ["ImageFeatures", "RegionBackbone"]


class ImageFeatures(tf.Module):
    """The features of images in which the first stage looks for objects, and from which regions are cropped.

    Args:
      end_point: Which features of the backbone; a neck, where there is one, chooses its own.
      fit: What is done to inputs so that the backbone can halve them.

    Attributes:
      backbone: The network, without the stages that look at regions.
      neck: What makes several feature maps of its end points; None for one map.
    """

    def __init__(self, backbone: Backbone, *, fit: Fit, end_point: str = "", neck: Neck | None = None) -> None:
        super().__init__(name="image_features")
        self.backbone = backbone
        self.neck = neck
        self._end_point = end_point
        self._fit = fit

    def __call__(self, inputs: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """Feature maps `[B, H_l, W_l, D]`, fine to coarse, of float32 `[B, H, W, 3]`; float32 or bfloat16."""
        end_points = self.backbone(self._fit(inputs), training=training)
        if self.neck is not None:
            return list(self.neck(end_points, training=training))
        return [end_points[self._end_point]]


class RegionBackbone(tf.Module):
    """See RegionFeatures: the last stages of a backbone, which look at each region as at an image.

    Attributes:
      backbone: The network, which begins where that of `ImageFeatures` ends.
    """

    def __init__(self, backbone: Backbone, end_point: str) -> None:
        super().__init__(name="region_features")
        self.backbone = backbone
        self._end_point = end_point

    def __call__(self, regions: tf.Tensor, *, training: bool) -> tf.Tensor:
        """See RegionFeatures."""
        return self.backbone(regions, training=training)[self._end_point]

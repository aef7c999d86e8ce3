"""Which numbers a field can have, where not every number makes sense: one table for the check and for what is built."""

from dataclasses import dataclass
from math import inf

__all__ = ["MOST_CLASSES", "RANGES", "Range"]

MOST_CLASSES = 100_000
"""More classes no data set has (Open Images: 601; ImageNet whole: 21,841)."""

_SIDE = 8192  # pixels
_PIXELS = _SIDE * _SIDE
_CHANNELS = 8192
_LAYERS = 64
_IMAGES = 10_000_000
_BOXES = 100_000
_ANCHORS = 10_000_000
_COARSEST_LEVEL = 12


@dataclass(frozen=True)
class Range:
    """From `least` to `most`; `above`: without `least` itself. `instead`: what to write, where the default is no good.

    Limits are generous: beyond them nothing fits into a memory, or nothing is left of an image.
    """

    least: float = -inf
    most: float = inf
    above: bool = False
    instead: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the finite `value` is within."""
        return value <= self.most and (self.least < value if self.above else self.least <= value)

    def __str__(self) -> str:
        """For people.

        >>> str(Range(0, 1)), str(Range(0, 4, above=True)), str(Range(most=9))
        ('from 0 to 1', 'above 0, up to 4', 'up to 9')
        """
        if self.least == -inf:
            return f"up to {self.most:g}" if self.most < inf else "a finite number"
        start = f"above {self.least:g}" if self.above else f"from {self.least:g}"
        upper = int(self.most) if self.most == self.most // 1 and self.most < inf else self.most
        return f"{start}{',' if self.above else ''} {'up ' if self.above else ''}to {upper}"


def _above(least: float, most: float, instead: float | None = None) -> Range:
    return Range(least, most, above=True, instead=instead)


_SHARE = Range(0, 1)
_POSITIVE = _above(0, 1e6)
_NOT_NEGATIVE = Range(0, 1e6)
_RATE = Range(0, 1000)
_RATIO = _above(0, 1000, instead=1)
_KERNEL = Range(1, 31)
_PADDING = Range(0, _SIDE)
# Lower limits of these are refused with more words elsewhere, and together with other fields.
_AT_MOST_SIDE = Range(most=_SIDE, instead=640)

_EVERYWHERE = {
    **dict.fromkeys(
        (
            "probability", "concat_vertical_probability", "concat_horizontal_probability", "drop_probability",
            "random_coef", "min_object_covered", "overlap_thresh", "size_to_image_ratio",
        ),
        _SHARE,
    ),
    **dict.fromkeys(
        (
            "learning_rate", "initial_learning_rate", "burnin_learning_rate", "min_learning_rate",
            "learning_rate_base", "warmup_learning_rate",
        ),
        _RATE,
    ),
    "aspect_ratio": Range(0.01, 100),
    "aspect_ratios": _RATIO,
    "max_aspect_ratio": Range(most=1000, instead=2),
    "momentum_optimizer_value": _SHARE,
    "epsilon": Range(0, 1000, instead=0.001),
    "kernel_size": _KERNEL,
    "num_layers_before_predictor": Range(0, _LAYERS),
    "dropout_keep_probability": _above(0, 1),
    "class_prediction_bias_init": Range(-1000, 1000),
    "logit_scale": _POSITIVE,
    "pad_color": Range(-1e6, 1e6, instead=0),
    "pad_color_r": Range(-1e6, 1e6),
    "pad_color_g": Range(-1e6, 1e6),
    "pad_color_b": Range(-1e6, 1e6),
    "min_padded_size_ratio": _above(0, 16, instead=1),
    "max_padded_size_ratio": _above(0, 16, instead=2),
    "max_number_of_boxes": Range(1, _BOXES),
}  # fmt: skip

_STEPS = {
    "AdjustGamma.gain": _RATE,
    "AdjustGamma.gamma": _RATE,
    "NormalizeImage.original_minval": Range(-1e6, 1e6, instead=0),
    "NormalizeImage.original_maxval": Range(-1e6, 1e6, instead=255),
    "NormalizeImage.target_minval": Range(-1e6, 1e6),
    "NormalizeImage.target_maxval": Range(-1e6, 1e6),
    "RandomAbsolutePadImage.max_height_padding": _PADDING,
    "RandomAbsolutePadImage.max_width_padding": _PADDING,
    "RandomAdjustBrightness.max_delta": _SHARE,
    "RandomAdjustContrast.max_delta": _RATE,
    "RandomAdjustContrast.min_delta": _RATE,
    "RandomAdjustHue.max_delta": _SHARE,
    "RandomAdjustSaturation.max_delta": _RATE,
    "RandomAdjustSaturation.min_delta": _RATE,
    "RandomBlackPatches.max_black_patches": Range(0, 10_000),
    "RandomDownscaleToTargetPixels.max_target_pixels": Range(1, _PIXELS),
    "RandomDownscaleToTargetPixels.min_target_pixels": Range(most=_PIXELS),
    "RandomImageScale.max_scale_ratio": _above(0, 16),
    "RandomImageScale.min_scale_ratio": _above(0, 16),
    "RandomJitterBoxes.ratio": _SHARE,
    "RandomPadImage.max_image_height": _PADDING,
    "RandomPadImage.max_image_width": _PADDING,
    "RandomPadImage.min_image_height": _PADDING,
    "RandomPadImage.min_image_width": _PADDING,
    "RandomPatchGaussian.max_gaussian_stddev": Range(0, 1000),
    "RandomPatchGaussian.max_patch_size": Range(1, _SIDE),
    "RandomPatchGaussian.min_gaussian_stddev": Range(0, 1000),
    "RandomPatchGaussian.min_patch_size": Range(most=_SIDE),
    "RandomPixelValueScale.maxval": _RATE,
    "RandomPixelValueScale.minval": _RATE,
    "RandomResizeMethod.target_height": _AT_MOST_SIDE,
    "RandomResizeMethod.target_width": _AT_MOST_SIDE,
    "RandomScaleCropAndPadToSquare.output_size": _AT_MOST_SIDE,
    "RandomScaleCropAndPadToSquare.scale_max": _above(0, 16),
    "RandomSquareCropByScale.max_border": Range(most=_SIDE),
    "RandomSquareCropByScale.num_scales": Range(most=10_000),
    "RandomSquareCropByScale.scale_max": _above(0, 16),
    "ResizeImage.new_height": _AT_MOST_SIDE,
    "ResizeImage.new_width": _AT_MOST_SIDE,
    "SubtractChannelMean.means": Range(-1e6, 1e6, instead=0),
}

_MODEL = {
    "Ssd.implicit_example_weight": _NOT_NEGATIVE,
    "Ssd.negative_class_weight": _NOT_NEGATIVE,
    "Ssd.num_classes": Range(most=MOST_CLASSES, instead=90),
    "SsdFeatureExtractor.depth_multiplier": _above(0, 8),
    "SsdFeatureExtractor.min_depth": Range(0, _CHANNELS),
    "SsdFeatureExtractor.num_layers": Range(most=_LAYERS),
    "SsdFeatureExtractor.pad_to_multiple": Range(0, 2048),
    "FasterRcnn.first_stage_atrous_rate": Range(1, 64),
    "FasterRcnn.first_stage_box_predictor_depth": Range(1, _CHANNELS),
    "FasterRcnn.first_stage_box_predictor_kernel_size": _KERNEL,
    "FasterRcnn.first_stage_localization_loss_weight": _NOT_NEGATIVE,
    "FasterRcnn.first_stage_max_proposals": Range(most=_BOXES),
    "FasterRcnn.first_stage_minibatch_size": Range(1, _ANCHORS),
    "FasterRcnn.first_stage_nms_iou_threshold": _SHARE,
    "FasterRcnn.first_stage_nms_score_threshold": _SHARE,
    "FasterRcnn.first_stage_objectness_loss_weight": _NOT_NEGATIVE,
    "FasterRcnn.first_stage_positive_balance_fraction": _SHARE,
    "FasterRcnn.initial_crop_size": Range(most=512),
    "FasterRcnn.maxpool_stride": Range(most=512),
    "FasterRcnn.num_classes": Range(most=MOST_CLASSES, instead=90),
    "FasterRcnn.second_stage_balance_fraction": _SHARE,
    "FasterRcnn.second_stage_batch_size": Range(1, _BOXES),
    "FasterRcnn.second_stage_classification_loss_weight": _NOT_NEGATIVE,
    "FasterRcnn.second_stage_localization_loss_weight": _NOT_NEGATIVE,
    "FasterRcnn.second_stage_mask_prediction_loss_weight": _NOT_NEGATIVE,
    "MaskRCNNBoxPredictor.mask_height": Range(most=2048),
    "MaskRCNNBoxPredictor.mask_prediction_conv_depth": Range(0, _CHANNELS),
    "MaskRCNNBoxPredictor.mask_prediction_num_conv_layers": Range(most=_LAYERS),
    "MaskRCNNBoxPredictor.mask_width": Range(most=2048),
    "FeaturePyramidNetworks.additional_layer_depth": Range(1, _CHANNELS),
    "FeaturePyramidNetworks.max_level": Range(0, _COARSEST_LEVEL),
    "FeaturePyramidNetworks.min_level": Range(0, _COARSEST_LEVEL),
    "L1Regularizer.weight": Range(0, 1000),
    "L2Regularizer.weight": Range(0, 1000),
    "TruncatedNormalInitializer.mean": Range(-1000, 1000),
    "TruncatedNormalInitializer.stddev": Range(0, 1000),
    "RandomNormalInitializer.mean": Range(-1000, 1000),
    "RandomNormalInitializer.stddev": Range(0, 1000),
    "VarianceScalingInitializer.factor": _above(0, 1000),
    "BatchNorm.decay": _SHARE,
    "ConvolutionalBoxPredictor.max_depth": Range(0, _CHANNELS),
    "ConvolutionalBoxPredictor.min_depth": Range(0, _CHANNELS),
    "WeightSharedConvolutionalBoxPredictor.depth": Range(most=_CHANNELS, instead=128),
    "MultiscaleAnchorGenerator.anchor_scale": _above(0, 1000),
    "MultiscaleAnchorGenerator.max_level": Range(0, _COARSEST_LEVEL),
    "MultiscaleAnchorGenerator.min_level": Range(0, _COARSEST_LEVEL),
    "MultiscaleAnchorGenerator.scales_per_octave": Range(most=_LAYERS),
    "SsdAnchorGenerator.base_anchor_height": _above(0, 100),
    "SsdAnchorGenerator.base_anchor_width": _above(0, 100),
    "SsdAnchorGenerator.height_offset": Range(-_SIDE, _SIDE, instead=0),
    "SsdAnchorGenerator.height_stride": Range(1, _SIDE, instead=16),
    "SsdAnchorGenerator.interpolated_scale_aspect_ratio": Range(most=1000),
    "SsdAnchorGenerator.max_scale": _above(0, 100),
    "SsdAnchorGenerator.min_scale": _above(0, 100),
    "SsdAnchorGenerator.num_layers": Range(most=_LAYERS),
    "SsdAnchorGenerator.scales": _above(0, 100, instead=0.5),
    "SsdAnchorGenerator.width_offset": Range(-_SIDE, _SIDE, instead=0),
    "SsdAnchorGenerator.width_stride": Range(1, _SIDE, instead=16),
    "AnchorGrid.base_sizes": _above(0, 1e6, instead=32),
    "AnchorGrid.height_offset": Range(0, _SIDE),
    "AnchorGrid.height_stride": Range(0, _SIDE),
    "AnchorGrid.width_offset": Range(0, _SIDE),
    "AnchorGrid.width_stride": Range(0, _SIDE),
    "GridAnchorGenerator.height": Range(1, _SIDE),
    "GridAnchorGenerator.height_offset": Range(-_SIDE, _SIDE),
    "GridAnchorGenerator.height_stride": Range(1, _SIDE),
    "GridAnchorGenerator.scales": _above(0, 1000, instead=1),
    "GridAnchorGenerator.width": Range(1, _SIDE),
    "GridAnchorGenerator.width_offset": Range(-_SIDE, _SIDE),
    "GridAnchorGenerator.width_stride": Range(1, _SIDE),
    **dict.fromkeys(
        (
            "FasterRcnnBoxCoder.height_scale", "FasterRcnnBoxCoder.width_scale", "FasterRcnnBoxCoder.x_scale",
            "FasterRcnnBoxCoder.y_scale", "MeanStddevBoxCoder.stddev", "SquareBoxCoder.length_scale",
            "SquareBoxCoder.x_scale", "SquareBoxCoder.y_scale",
        ),
        _POSITIVE,
    ),
    "FixedShapeResizer.height": _AT_MOST_SIDE,
    "FixedShapeResizer.width": _AT_MOST_SIDE,
    "KeepAspectRatioResizer.max_dimension": Range(most=_SIDE),
    "KeepAspectRatioResizer.min_dimension": Range(most=_SIDE),
    "KeepAspectRatioResizer.per_channel_pad_value": Range(-1e6, 1e6, instead=0),
    "ConditionalShapeResizer.size_threshold": Range(1, _SIDE),
    "PadToMultipleResizer.multiple": Range(most=_SIDE),
    "BatchNonMaxSuppression.max_detections_per_class": Range(1, _BOXES),
    "BatchNonMaxSuppression.max_total_detections": Range(1, _BOXES),
    "Loss.classification_weight": _NOT_NEGATIVE,
    "Loss.localization_weight": _NOT_NEGATIVE,
    "WeightedSmoothL1LocalizationLoss.delta": _POSITIVE,
    "SigmoidFocalClassificationLoss.alpha": Range(0, 1, instead=0.25),
    "SigmoidFocalClassificationLoss.gamma": Range(0, 100),
    "BootstrappedSigmoidClassificationLoss.alpha": Range(0, 1, instead=0.95),
    "PenaltyReducedLogisticFocalLoss.alpha": Range(0, 100, instead=2),
    "PenaltyReducedLogisticFocalLoss.beta": Range(0, 100, instead=4),
    "HardExampleMiner.iou_threshold": _SHARE,
    "HardExampleMiner.max_negatives_per_positive": Range(most=1_000_000),
}  # fmt: skip

_RUN = {
    "TrainConfig.batch_size": Range(most=1_000_000, instead=8),
    "TrainConfig.bias_grad_multiplier": Range(-1e6, 1e6),
    "TrainConfig.gradient_clipping_by_norm": _NOT_NEGATIVE,
    "EvalConfig.batch_size": Range(1, 1_000_000),
    "EvalConfig.max_num_boxes_to_visualize": Range(0, _BOXES),
    "EvalConfig.min_score_threshold": Range(-1e6, 1e6),
    "EvalConfig.recall_lower_bound": _SHARE,
    "EvalConfig.recall_upper_bound": _SHARE,
    "InputReader.filenames_shuffle_buffer_size": Range(0, _IMAGES),
    "InputReader.keypoint_type_weight": Range(0, 1e6, instead=1),
    "InputReader.num_keypoints": Range(0, 1000),
    "InputReader.num_prefetch_batches": Range(-1, 1000),
    "InputReader.sample_from_datasets_weights": Range(0, 1e6, instead=1),
    "InputReader.shuffle_buffer_size": Range(0, _IMAGES),
    "RMSPropOptimizer.decay": _SHARE,
    "ExponentialDecayLearningRate.decay_factor": Range(0, 10),
    "Optimizer.moving_average_decay": _SHARE,
}

RANGES: dict[str, Range] = {**_EVERYWHERE, **_STEPS, **_MODEL, **_RUN}
"""Message and field ("Ssd.num_classes"), or a field that means the same in every message -> its range.

A field that is not here can be any finite number.
"""

"""The names that checkpoints give to a model's variables, beside the model's own."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from tfod.config.faults.fault import refuse
from tfod.config.faults.training import checkpoint_type_faults

__all__ = ["CheckpointLayout", "NamedVariables"]


@dataclass(frozen=True)
class NamedVariables:
    """A model's variables under the flat names that TensorFlow 1's checkpoints give to them.

    Attributes:
      variables: By name, as `FeatureExtractor/MobilenetV1/Conv2d_0/weights`.
      extractor: The scopes of the feature extractor; what lies in them a classification checkpoint has without them.
      same: Whether the model computes of them what TensorFlow 1's did; else it can only start to train from them.
    """

    variables: Mapping[str, tf.Variable]
    extractor: tuple[str, ...]
    same: bool = True


@dataclass(frozen=True)
class CheckpointLayout:
    """Trees of plain modules that hold a model's layers and variables under the original's names.

    Attributes:
      full: The whole model; checkpoints have it as `model`.
      detection: All but its heads, in the same place of a tree; what `fine_tune_checkpoint_type: "detection"` fills.
      classification: The backbone alone, which classification checkpoints have as `feature_extractor`.
      named: The whole model, as checkpoints of TensorFlow 1 have it.

    Each of the last three is None where a model cannot start from such a checkpoint.
    """

    full: tf.Module
    detection: tf.Module | None = None
    classification: tf.Module | None = None
    named: NamedVariables | None = None

    def roots(self, checkpoint_type: str) -> dict[str, tf.Module]:
        """What a fine-tuning checkpoint of a type fills, under the name that the checkpoint has it by.

        The type `fine_tune` fills whatever fits, and so has no root. Raises ConfigError for a type that is unknown, or
        that this architecture cannot start from.
        """
        roots = {"detection": self.detection, "full": self.full, "classification": self.classification}
        known = {kind: root for kind, root in roots.items() if root is not None}
        refuse(checkpoint_type_faults(checkpoint_type, tuple(known)), "train_config")
        return {"feature_extractor" if checkpoint_type == "classification" else "model": known[checkpoint_type]}

"""Everything that was decided for a run, saved with it: the other commands need only the run's folder."""

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfod.errors import CheckpointError
from tfod.files import write_text
from tfod.segmentation.classes import ClassTable, Colour
from tfod.segmentation.unet import ModelSettings

__all__ = ["LOG_FILE", "SETTINGS_FILE", "TrainingSettings", "read_settings", "save_settings"]

SETTINGS_FILE = "unet.json"
LOG_FILE = "log.csv"
_FORMAT = 1


@dataclass(frozen=True)
class TrainingSettings:
    """How a U-Net is trained.

    Attributes:
      model: What it is made of.
      class_names: Of class 0, 1, ...
      class_colours: RGB in 0..255, in which each is drawn.
      crop_size: Height and width of what training sees of an image.
      batch_size: Crops a step.
      steps: Steps of the run; 0 where `minutes` says how long it is.
      minutes: Wall-clock minutes of the run, with its evaluations; 0 where `steps` says it.
      loss: As `tfod.segmentation.losses.read_losses` reads it.
      class_weights: For crossentropy and focal; empty for equal ones.
      balanced_crops: Whether crops are chosen so that rare classes come up more often.
      optimizer: As `tfod.segmentation.optimizers.make_optimizer` reads it.
      learning_rate: The highest, after the warm-up.
      weight_decay: For optimizers that take one.
      warmup: The share of the run in which the learning rate rises, in [0, 1).
      ema: Decay of the average of the weights that is evaluated; 0 for none.
      mixed_precision: Whether features are bfloat16.
      evaluations: How often the run evaluates.
      early_stopping: Stop after so many evaluations without a better one; 0 for never.
      encoder_checkpoint: What the encoder was filled from.
    """

    model: ModelSettings
    class_names: tuple[str, ...]
    class_colours: tuple[Colour, ...]
    crop_size: int
    batch_size: int
    steps: int = 0
    minutes: float = 0.0
    loss: str = "crossentropy+dice"
    class_weights: tuple[float, ...] = ()
    balanced_crops: bool = False
    optimizer: str = "adam"
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    warmup: float = 0.05
    ema: float = 0.99
    mixed_precision: bool = False
    evaluations: int = 12
    early_stopping: int = 0
    encoder_checkpoint: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> ClassTable:
        """The classes with their colours."""
        return ClassTable(self.class_names, self.class_colours)

    @property
    def validation(self) -> dict[str, Any]:
        """What the run was evaluated on, for `tfod.segmentation.data.reopen`; empty where it does not say."""
        found = self.data.get("validation") if isinstance(self.data, dict) else None
        return found if isinstance(found, dict) else {}


def save_settings(settings: TrainingSettings, folder: Path) -> None:
    """Writes `<folder>/unet.json`."""
    content = {"format": _FORMAT, **dataclasses.asdict(settings)}
    write_text(folder / SETTINGS_FILE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_settings(folder: Path) -> TrainingSettings:
    """What `save_settings` wrote; raises CheckpointError where it is not there or cannot be read."""
    path = folder / SETTINGS_FILE
    cure = "name the folder of a run of train_unet.py, its --model_dir"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise CheckpointError("the run was made by another version of tfod", str(path), "use that version")
        content["model"] = ModelSettings(**content["model"])
        content["class_names"] = tuple(content["class_names"])
        content["class_colours"] = tuple(tuple(colour) for colour in content["class_colours"])
        content["class_weights"] = tuple(content["class_weights"])
        settings = TrainingSettings(**content)
        for part in (settings, settings.model):
            _require_types(part)
        if not settings.model.num_classes == len(settings.class_names) == len(settings.class_colours):
            raise ValueError("not as many names and colours as classes")
        return settings
    except FileNotFoundError as error:
        raise CheckpointError("there is no run of a U-Net in this folder", str(folder), cure) from error
    except OSError as error:
        what = f"the settings of the run cannot be read: {(error.strerror or str(error)).lower()}"
        raise CheckpointError(what, str(path), cure) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError("the settings of the run are damaged", str(path), cure) from error


def _require_types(settings: Any) -> None:
    """Raises TypeError for a value of another type than the field of a dataclass has."""
    for name, kind in typing.get_type_hints(type(settings)).items():
        plain = typing.get_origin(kind) or kind
        allowed = (int, float) if plain is float else plain if isinstance(plain, type) else object
        if not isinstance(getattr(settings, name), allowed):
            raise TypeError(name)

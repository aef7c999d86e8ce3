"""The errors that a user can cause, and can cure.

TfodError
├── ConfigError      a pipeline.config, a label map or an override
├── DataError        annotations, pictures, TFRecords
├── CheckpointError  a checkpoint, an exported model or an archive of one
├── DownloadError    a file that another computer is to send
├── StoreError       a store, gs:// or the like, that cannot be asked
├── TrainingError    a run that cannot go on
└── OutputError      a place that cannot be written
"""

from tfod.terminal import shown

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "DownloadError",
    "OutputError",
    "StoreError",
    "TfodError",
    "TrainingError",
]


class TfodError(Exception):
    """An error in three lines: what is wrong, where, and what to do about it.

    >>> print(DataError("the box is inverted", "photo.xml, line 12, object 3", "swap xmin and xmax"))
    the box is inverted
      where: photo.xml, line 12, object 3
      what to do: swap xmin and xmax
    """

    def __init__(self, what: str, where: str, cure: str) -> None:
        super().__init__(what, where, cure)
        self.what = what
        self.where = where
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what}\n  where: {shown(self.where)}\n  what to do: {self.cure}"


class ConfigError(TfodError):
    """A pipeline.config, a label map or an override cannot be used."""


class DataError(TfodError):
    """Annotations, pictures or TFRecords cannot be used."""


class CheckpointError(TfodError):
    """A checkpoint, an exported model or an archive of one cannot be used."""


class DownloadError(TfodError):
    """A file cannot be fetched from where it lies."""


class StoreError(TfodError):
    """A store, `gs://` or the like, cannot be asked."""


class TrainingError(TfodError):
    """A training run cannot go on."""


class OutputError(TfodError):
    """A file or folder cannot be written."""

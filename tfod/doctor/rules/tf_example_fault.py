"""What is wrong with a tf.Example: the form of a fault."""

from typing import NamedTuple

__all__ = ["Fault"]


class Fault(NamedTuple):
    """One thing that is wrong: its kind (see `tfod.doctor.rules.descriptions.RECORD_RULES`), the feature, and what."""

    kind: str
    key: str
    what: str

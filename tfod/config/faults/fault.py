"""What is wrong with settings, said once: the check makes a finding of it, the part that cannot be built an error."""

from collections.abc import Iterable
from dataclasses import dataclass

from tfod.errors import ConfigError

__all__ = ["Fault", "refuse"]


@dataclass(frozen=True)
class Fault:
    """Something wrong with the settings in one block of a config, wherever that block stands.

    Attributes:
        what: what is wrong.
        field: the field, as seen from the block; "" for the block itself.
        cure: what to do. "{field}" stands for the whole path of the field, "{block}" for that of the block and a dot.
    """

    what: str
    field: str
    cure: str

    def at(self, block: str) -> tuple[str, str, str]:
        """What is wrong, the field's whole path and the cure, where the block has the path `block` ("" for none).

        >>> Fault("a batch of no images", "batch_size", "--set {field}=8").at("train_config")
        ('a batch of no images', 'train_config.batch_size', '--set train_config.batch_size=8')
        """
        where = ".".join(part for part in (block, self.field) if part)
        cure = self.cure.replace("{field}", where).replace("{block}", f"{block}." if block else "")
        return self.what, where, cure


def refuse(faults: Iterable[Fault], block: str = "") -> None:
    """Raises ConfigError for the first of the faults, if there is one, of the settings at the path `block`."""
    for fault in faults:
        raise ConfigError(*fault.at(block))

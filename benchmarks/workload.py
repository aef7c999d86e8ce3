"""What the benchmarks share: the work both sides do, made once when first needed, and how a side is run."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.data import BATCH_SIZE, VocSet, lay_out, write_batch
from benchmarks.process import Finished, run, run_in_turns
from tfod.config.pipeline import read_pipeline_config, write_pipeline_config

__all__ = ["Workload"]

_HERE = Path(__file__).resolve().parent
_PROJECT = _HERE.parent
_CONFIG = _PROJECT / "workspace" / "configs" / "ssd_mobilenet_v2_fpnlite_320x320.config"
_ZOO_CLASSES = 90  # those of COCO, by the numbers up to the last one
_PRETRAINED = "pretrained/ssd_mobilenet_v2_fpnlite_320x320_hands/checkpoint/ckpt-0"

T = TypeVar("T")


@dataclass
class Workload:
    """The data, configs and checkpoint of a run, under `folder`; `logs` keeps what every process said."""

    data: VocSet
    shared: Path
    original: Path  # the Python in which the original runs
    folder: Path
    logs: Path
    rounds: int
    ours: Path = Path(sys.executable)
    _runs: int = 0

    def alternate(self, **sides: Callable[[], T]) -> dict[str, list[T]]:
        """Calls each side once a round, in turn, so that a slow minute of the machine touches all of them."""
        results: dict[str, list[T]] = {name: [] for name in sides}
        for turn in range(self.rounds):
            for name, side in sides.items():
                print(f"  round {turn + 1} of {self.rounds}: {name}", file=sys.stderr, flush=True)
                results[name].append(side())
        return results

    def run(self, name: str, command: list[Any], **options: Any) -> Finished:
        """Runs a command in the work folder; `name` names its log."""
        self._runs += 1
        return run(command, self.logs / f"{self._runs:03d}-{name}.log", folder=self.folder, **options)

    def script(self, side: str, name: str, *arguments: Any, **options: Any) -> Finished:
        """Runs `benchmarks/scripts/NAME.py` with the Python of a side, `ours` or `original`."""
        return self.run(f"{side}-{name}", self._script(side, name, *arguments), **options)

    def in_turns(self, **scripts: Sequence[Any]) -> dict[str, dict[str, Any]]:
        """What several scripts print, (side, name, argument ...) each, which take turns while they run."""
        self._runs += 1
        print(f"  {' and '.join(scripts)} in turns", file=sys.stderr, flush=True)
        commands = {key: self._script(*words) for key, words in scripts.items()}
        logs = {key: self.logs / f"{self._runs:03d}-{key}-{words[1]}.log" for key, words in scripts.items()}
        finished = run_in_turns(commands, logs, folder=self.folder)
        return {key: one.values() for key, one in finished.items()}

    def _script(self, side: str, name: str, *arguments: Any) -> list[Any]:
        python = {"ours": self.ours, "original": self.original}[side]
        return [python, _HERE / "scripts" / f"{name}.py", *arguments]

    def tool(self, name: str, flags: dict[str, Any], **options: Any) -> Finished:
        """Runs our command `tools/NAME.py`."""
        return self.run(f"ours-{name}", [self.ours, _PROJECT / "tools" / f"{name}.py", *_words(flags)], **options)

    def original_tool(self, module: str, flags: dict[str, Any], **options: Any) -> Finished:
        """Runs the original's command `object_detection.MODULE`."""
        command = [self.original, "-m", f"object_detection.{module}", *_words(flags)]
        return self.run(f"original-{module}", command, **options)

    def python(self, statement: str, **options: Any) -> Finished:
        """Runs a statement with our Python: a process that does only that."""
        return self.run("ours-statement", [self.ours, "-c", statement], **options)

    def fresh(self, name: str) -> Path:
        """A path in the work folder that does not exist yet."""
        self._runs += 1
        return self.folder / f"{self._runs:03d}-{name}"

    @cached_property
    def voc(self) -> Path:
        """The photos as a VOCdevkit."""
        return lay_out(self.data, self.folder / "voc")

    @cached_property
    def class_names(self) -> list[str]:
        """The classes of the photos, and as many others as the pretrained model has outputs for."""
        wanted = 0
        if self.pretrained:
            config = self.pretrained.parents[1] / "pipeline.config"
            wanted = int(re.findall(r"num_classes: (\d+)", config.read_text(encoding="utf-8"))[0])
        return self._class_names(wanted)

    @cached_property
    def label_map(self) -> Path:
        """The label map file of `class_names`."""
        path = self.folder / "label_map.pbtxt"
        items = (f"item {{\n  id: {i}\n  name: '{name}'\n}}\n" for i, name in enumerate(self.class_names, 1))
        path.write_text("".join(items), encoding="utf-8")
        return path

    @cached_property
    def records(self) -> dict[str, Path]:
        """TFRecords of the parts `train` and `test`, written by the original."""
        paths = {part: self.folder / f"{part}.record" for part in ("train", "test")}
        for part, path in paths.items():
            self.original_tool("dataset_tools.create_pascal_tf_record", self.conversion(path, part))
        return paths

    def conversion(self, output: Path, part: str = "trainval") -> dict[str, Any]:
        """The flags of `create_pascal_tf_record` on both sides."""
        return {"data_dir": self.voc, "set": part, "label_map_path": self.label_map, "output_path": output}

    def exporting(self, output: Path) -> dict[str, Any]:
        """The flags of `exporter_main_v2` on both sides."""
        return {
            "input_type": "image_tensor",
            "pipeline_config_path": self.config,
            "trained_checkpoint_dir": self.checkpoint,
            "output_directory": output,
        }

    @cached_property
    def pretrained(self) -> Path | None:
        """The prefix of the developers' pretrained checkpoint, where it is here."""
        prefix = self.shared / _PRETRAINED
        return prefix.resolve() if prefix.with_name("ckpt-0.index").exists() else None

    @cached_property
    def config(self) -> Path:
        """A pipeline.config that trains from random weights."""
        return self._write_config("scratch.config", None, "detection")

    @cached_property
    def fine_tune_config(self) -> Path | None:
        """The same, fine-tuning from the pretrained checkpoint; None without one."""
        if self.pretrained is None:
            return None
        return self._write_config("fine_tune.config", self.pretrained, "detection")

    @cached_property
    def restoring_config(self) -> Path:
        """The same, starting from all weights of `checkpoint`."""
        return self._write_config("restoring.config", self.checkpoint / "ckpt-0", "full")

    @cached_property
    def checkpoint(self) -> Path:
        """A folder with a checkpoint `ckpt-0` of the model, written by the original: both sides start from it."""
        folder = self.folder / "checkpoint"
        start = [self.pretrained] if self.pretrained else []
        self.script("original", "make_checkpoint", self.config, folder, *start)
        return folder

    @cached_property
    def batch(self) -> Path:
        """One training batch of eight photos, and the photos themselves (`data.write_batch`)."""
        path = self.folder / "batch.npz"
        write_batch(self.data, self.class_names, path)
        return path

    @cached_property
    def zoo_config(self) -> Path:
        """`config` with as many classes as the model zoo's."""
        return self._write_config("zoo.config", None, "detection", _ZOO_CLASSES)

    @cached_property
    def zoo_checkpoint(self) -> Path:
        """`checkpoint` for `zoo_config`, of drawn weights."""
        folder = self.folder / "zoo_checkpoint"
        self.script("original", "make_checkpoint", self.zoo_config, folder)
        return folder

    @cached_property
    def zoo_batch(self) -> Path:
        """`batch` for `zoo_config`."""
        path = self.folder / "zoo_batch.npz"
        write_batch(self.data, self._class_names(_ZOO_CLASSES), path)
        return path

    def _class_names(self, wanted: int) -> list[str]:
        """The classes of the photos, and others up to `wanted`."""
        names = self.data.class_names()
        return names + [f"unused {number}" for number in range(len(names) + 1, wanted + 1)]

    def _write_config(self, name: str, checkpoint: Path | None, kind: str, classes: int = 0) -> Path:
        """Our ready FPNLite config with the photos, the classes and the start of this run."""
        config = read_pipeline_config(_CONFIG)
        config.model.ssd.num_classes = classes or len(self.class_names)
        config.train_config.batch_size = BATCH_SIZE
        config.train_config.fine_tune_checkpoint = str(checkpoint or "")
        config.train_config.fine_tune_checkpoint_type = kind
        readers = {"train": config.train_input_reader, "test": config.eval_input_reader[0]}
        for part, reader in readers.items():
            reader.label_map_path = str(self.label_map)
            reader.tf_record_input_reader.input_path[:] = [str(self.records[part])]
        path = self.folder / name
        write_pipeline_config(config, path)
        return path


def _words(flags: dict[str, Any]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]

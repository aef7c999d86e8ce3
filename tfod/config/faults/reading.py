"""What is wrong with an input reader."""

from collections.abc import Iterator

from tfod.config.faults.fault import Fault

__all__ = ["evaluation_reader_faults", "path_faults"]


def path_faults(paths: int, weights: int = 0) -> Iterator[Fault]:
    """How many paths are named, and how many `sample_from_datasets_weights`. Block: the input reader."""
    if not paths:
        yield Fault("no file of records is named", "tf_record_input_reader.input_path", "--set {field}=...")
    elif weights not in (0, paths):
        what = f"{weights} sample_from_datasets_weights for {paths} input_paths"
        yield Fault(what, "sample_from_datasets_weights[0]", "give one weight for each input_path")


def evaluation_reader_faults(readers: int) -> Iterator[Fault]:
    """How many `eval_input_reader` there are. Block: the whole config."""
    if not readers:
        cure = "add an eval_input_reader that names the records to evaluate on"
        yield Fault("there is nothing to evaluate on", "eval_input_reader", cure)

"""What is wrong with an input reader."""

from collections.abc import Iterator, Sequence

from tfod.config.faults.fault import Fault

__all__ = ["evaluation_reader_faults", "keypoint_faults", "path_faults", "score_faults"]


def path_faults(paths: int, weights: Sequence[float] = ()) -> Iterator[Fault]:
    """How many paths are named, and the `sample_from_datasets_weights`. Block: the input reader."""
    if not paths:
        yield Fault("no file of records is named", "tf_record_input_reader.input_path", "--set {field}=...")
    elif len(weights) not in (0, paths):
        what = f"{len(weights)} sample_from_datasets_weights for {paths} input_paths"
        cure = "give one weight for each input_path: --set '{block}sample_from_datasets_weights=%s'" % ([1] * paths)
        yield Fault(what, "sample_from_datasets_weights[0]", cure)
    elif weights and not sum(weights):
        cure = "give at least one input_path a weight above 0: --set {field}=1"
        yield Fault("no input_path has a weight", "sample_from_datasets_weights[0]", cure)


def keypoint_faults(keypoints: int, weights: int) -> Iterator[Fault]:
    """How many `keypoint_type_weight` there are for `num_keypoints`. Block: the input reader."""
    if weights and weights != keypoints:
        what = f"{weights} keypoint_type_weight for {keypoints} num_keypoints"
        cure = (
            f"give one weight for each keypoint: --set '{{field}}={[1.0] * keypoints}'"
            if keypoints
            else f"--set {{block}}num_keypoints={weights}"
        )
        yield Fault(what, "keypoint_type_weight", cure)


def score_faults(loads: bool, uses: bool, steps: Sequence[str | None]) -> Iterator[Fault]:
    """Whether scores of several classes are loaded, for `use_multiclass_scores` and a step. Block: train_config."""
    if loads:
        return
    cure = "--set train_input_reader.load_multiclass_scores=true, if the records have them"
    if uses:
        yield Fault("the reader loads no scores of several classes", "use_multiclass_scores", cure)
    if (step := "convert_class_logits_to_softmax") in steps:
        where = f"data_augmentation_options[{steps.index(step)}].{step}"
        yield Fault("the reader loads no scores of several classes, which the step converts", where, cure)


def evaluation_reader_faults(readers: int) -> Iterator[Fault]:
    """How many `eval_input_reader` there are. Block: the whole config."""
    if not readers:
        cure = "add an eval_input_reader that names the records to evaluate on"
        yield Fault("there is nothing to evaluate on", "eval_input_reader", cure)

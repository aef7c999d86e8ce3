"""The classes of COCO, on which the models of the zoo were trained."""

from typing import Any

from tfod.config.rules.placeholders import has_placeholder
from tfod.config.rules.walk import detection_model

__all__ = ["COCO_CLASSES", "is_of_coco"]

# In the order of their ids, from 1; ten ids were never given.
_NAMES = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, , stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, , backpack, umbrella, , ,
handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
surfboard, tennis racket, bottle, , wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, , dining table, , , toilet, , tv,
laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, , book, clock, vase,
scissors, teddy bear, hair drier, toothbrush
"""
COCO_CLASSES = {i: name for i, name in enumerate(map(str.strip, _NAMES.split(",")), 1) if name}
"""Class id, as in the zoo's label map, to name."""

_LABEL_MAP = "mscoco_label_map.pbtxt"


def is_of_coco(config: Any) -> bool:
    """Whether a TrainEvalPipelineConfig is one of the zoo's as it came: with COCO's ids, and no label map's place."""
    found = detection_model(config)
    if found is None or found[1].num_classes != max(COCO_CLASSES):
        return False
    places = [reader.label_map_path for reader in config.eval_input_reader]
    return bool(places) and (has_placeholder(places[0]) or places[0].endswith(_LABEL_MAP))

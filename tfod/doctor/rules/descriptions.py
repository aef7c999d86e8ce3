"""Every rule of the doctor: how bad it is, what it finds, and what is done about it."""

from typing import Literal, NamedTuple

from tfod.files import LFS_CURE

__all__ = ["RECORD_RULES", "RULES", "Rule", "Severity", "markdown_table"]


Severity = Literal["error", "warning", "note"]


class Rule(NamedTuple):
    """`finds` says what the rule looks for, `cure` what to do about it.

    Where `fixed`, `--fix` does in the copy what `cure` says; everything else is left to people.
    """

    severity: Severity
    finds: str
    cure: str
    fixed: bool = False


# In the order in which the report and the documentation show them.
RULES = {
    # Files
    "annotation-unreadable": Rule(
        "error", "an annotation that is malformed, or lacks a class or a box", "leave it out, with its picture",
        fixed=True,
    ),
    "annotation-meaning": Rule(
        "warning", "what a file means and does not say: fractions, exchanged columns, turned boxes, a root category",
        "nothing, if the boxes fit the pictures (tfod browse): it is read as meant",
    ),
    "annotation-orphan": Rule(
        "error", "an annotation, or an entry of one, that belongs to no picture", "give both one name, or leave it out",
        fixed=True,
    ),
    "set-unannotated": Rule(
        "error", "a data set in which no picture has an object", "look whether annotations and pictures have one name"
    ),
    "file-passed-over": Rule(
        "warning", "a file beside the annotations that is none of them", "move it away, or name the right files"
    ),
    "format-chosen": Rule(
        "note", "annotations of several formats: those are read that most pictures have", "say another with --from"
    ),
    "part-missing": Rule(
        "error", "a part of the data set (train, val) that its data.yaml names, and that is not there",
        "correct the path in data.yaml, or leave it out",
    ),
    "test-missing": Rule("note", "a test part that data.yaml names, and that is not there", "nothing: none is needed"),
    "part-unnamed": Rule(
        "warning", "annotations of pictures that data.yaml does not name", "name their folder in data.yaml"
    ),
    "label-elsewhere": Rule(
        "note", "YOLO labels found by their picture's name, in another folder or spelt otherwise",
        "nothing; training with Ultralytics asks for labels/ beside images/, and the same names",
    ),
    "id-types": Rule("note", "ids of COCO that are texts here and numbers there", "nothing: 7 and \"7\" are the same"),
    "class-id-differs": Rule(
        "note", "a class that has other ids in other COCO files", "nothing: classes are known by their names"
    ),
    "picture-listed-twice": Rule(
        "warning", "pictures that annotation files name again: the whole and its parts", "name the right file"
    ),
    "box-from-outline": Rule("note", "objects of COCO without a bbox", "nothing: it is that of their segmentation"),
    "annotation-fields": Rule(
        "note", "objects of Pascal VOC without an optional field, or with an empty one", "nothing: no means no"
    ),
    "annotation-path": Rule(
        "note", "a <path> of another computer", "nothing: pictures are found by their names"
    ),
    "picture-missing": Rule("error", "an annotation whose picture is nowhere", "leave it out", fixed=True),
    "picture-unannotated": Rule(
        "warning", "a picture beside the others, without an annotation", "annotate it, or move it away"
    ),
    "picture-empty": Rule(
        "note", "a picture without objects", "nothing: it is background if nothing is on it, else annotate it"
    ),
    "picture-name": Rule(
        "warning", "an annotation that calls its picture by another name", "write the picture's name", fixed=True
    ),
    "picture-name-repeated": Rule(
        "warning", "a file name that two pictures have: evaluation takes them for one", "rename one of them"
    ),
    # Pictures
    "picture-unreadable": Rule(
        "error", "a picture that TensorFlow cannot decode", "leave it out, with its annotation", fixed=True
    ),
    "picture-not-fetched": Rule("error", "a pointer of Git LFS where a picture or an annotation should be", LFS_CURE),
    "picture-truncated": Rule(
        "error", "a picture whose file ends too early", "leave it out, with its annotation", fixed=True
    ),
    "picture-damaged": Rule(
        "error", "a picture of which pixels are missing (--decode)", "leave it out, with its annotation", fixed=True
    ),
    "picture-doubtful": Rule(
        "warning", "a JPEG with bytes that belong to no pixel, or with other oddities (--decode)", "look at it"
    ),
    "picture-extension": Rule(
        "warning", "a picture of another format than its name says", "give it the right extension", fixed=True
    ),
    "picture-size": Rule(
        "warning", "a size in the annotation unlike that of the picture", "look whether the boxes fit the picture"
    ),
    "picture-size-missing": Rule(
        "note", "an annotation that does not tell the picture's size", "write the size of the picture", fixed=True
    ),
    "picture-rotated": Rule(
        "warning", "a picture that EXIF turns, which TensorFlow does not",
        "look at it; boxes drawn on the turned picture are turned back when records are written",
    ),
    "picture-gray": Rule("note", "a picture without colours", "nothing: it is read as equal red, green and blue"),
    "picture-palette": Rule("note", "a PNG with a palette", "nothing: it is read as its colours"),
    "picture-alpha": Rule(
        "note", "a picture with transparency, which training ignores: hidden colours appear", "save it without"
    ),
    "picture-cmyk": Rule(
        "warning", "a JPEG in printers' colours, which programs turn into different ones", "save it as RGB"
    ),
    "picture-16-bit": Rule("note", "a picture of 16 bits a channel, read as 8", "nothing, or save it with 8"),
    "picture-giant": Rule(
        "warning", "a picture of over 100 million pixels, slow to decode at every step", "make it smaller"
    ),
    # Boxes
    "box-not-finite": Rule("error", "a coordinate that is infinite or no number", "drop the box", fixed=True),
    "box-inverted": Rule("error", "corners in the wrong order", "exchange them", fixed=True),
    "boxes-exchanged": Rule(
        "warning", "corners in the wrong order, or x and y exchanged, in most boxes of a data set",
        "look whether xmax and ymin, or x and y, are exchanged in the files before you let --fix mend single boxes",
    ),
    "box-empty": Rule("error", "a box without area", "drop the box", fixed=True),
    "box-outside": Rule("error", "a box wholly outside its picture", "drop the box", fixed=True),
    "box-negative": Rule("warning", "a box that begins before the picture", "cut it off at 0", fixed=True),
    "box-over-edge": Rule("warning", "a box that ends behind the picture", "cut it off at the edge", fixed=True),
    "box-tiny": Rule(
        "warning", "a box with a side of under 3 pixels, in the picture or as the config resizes it", "draw it again"
    ),
    "box-huge": Rule("note", "a box over more than 95 % of the picture", "nothing, if the object is that large"),
    "box-narrow": Rule("warning", "a box over 8 times as long as wide, which no usual anchor fits", "draw it again"),
    "box-duplicated": Rule(
        "warning", "a box that is there twice, with the same class", "keep the first of them", fixed=True
    ),
    "box-doubled": Rule(
        "warning", "two boxes of one class that overlap by over 0.9", "remove one, if they show one object"
    ),
    "box-two-classes": Rule(
        "warning", "two boxes of different classes that overlap by over 0.9", "remove one, if only one is right"
    ),
    "box-many": Rule(
        "note", "an image of over 20,000 boxes; the others are not looked at for overlaps", "nothing, if it has so many"
    ),
    "box-fraction": Rule("note", "coordinates between whole pixels, told once", "nothing: they are kept as they are"),
    # Masks and keypoints
    "mask-empty": Rule("warning", "a mask without a pixel", "draw it again, or take it out: the box is taken for it"),
    "mask-size": Rule("error", "a mask of another size than its image", "correct it: it cannot be converted"),
    "mask-outside-box": Rule(
        "warning", "a mask that reaches out of its box by over 2 pixels and 5 % of its side", "draw one of them again"
    ),
    "keypoints-count": Rule(
        "error", "an object with another number of keypoints than its class", "give all objects of a class the same"
    ),
    "keypoint-outside": Rule(
        "warning", "labelled keypoints outside of the image", "say of them that they are not labelled, or correct them"
    ),
    "keypoints-exchanged": Rule(
        "warning", "left and right exchanged, where the lines of the skeleton tell: those of both sides cross",
        "look at it; who faces the camera has the left hand on the right",
    ),
    # Classes
    "label-map": Rule("error", "a label map that cannot be used: an id of 0, an id or a name given twice", "mend it"),
    "label-map-gap": Rule(
        "warning", "ids of a label map that do not count 1, 2, 3: numbers without a class are learnt too", "number it"
    ),
    "class-id-zero": Rule(
        "warning", "a class of a COCO file with the id 0, which means background", "count from 1; tfod convert does"
    ),
    "class-unknown": Rule("error", "a class that the label map lacks", "add it to the label map, or correct it"),
    "class-alike": Rule("warning", "class names that are nearly the same", "make them one, if they mean one"),
    "class-rare": Rule("warning", "a class with few objects (--min_objects)", "annotate more of it, or leave it out"),
    "class-unused": Rule("warning", "a class of the label map without objects", "annotate some, or take it out"),
    "class-imbalance": Rule(
        "warning", "a class with under a tenth of the commonest class's objects", "show more of it, or expect less"
    ),
    # Duplicates
    "picture-duplicated": Rule("warning", "pictures of the same bytes", "keep one of them"),
    "picture-alike": Rule("note", "pictures that look nearly the same (--alike)", "keep one of them, if they are one"),
    "split-leak": Rule(
        "error", "the same picture to learn from and to judge by: results look better than they are", "take one out"
    ),
    "split-leak-alike": Rule(
        "warning", "nearly the same picture to learn from and to judge by (--alike)", "put both into one split"
    ),
    "list-unmatched": Rule(
        "error", "a list of which no name is that of an image (--list)", "write one name a line, as the images have it"
    ),
    "list-names": Rule(
        "warning", "a list with names of which there is no image (--list)", "take them out, or add the images"
    ),
    "list-repeated": Rule(
        "error", "an image that two lists name (--list): results look better than they are", "take it out of one"
    ),
    # Training
    "anchors-miss": Rule(
        "warning", "objects that no anchor of the config matches (--config)", "other anchors, see tfod stats"
    ),
    "objects-too-many": Rule(
        "warning", "more objects in a picture than the config's max_number_of_boxes (--config)", "raise that limit"
    ),
}  # fmt: skip


_AGAIN = "convert the data again, with a converter that is sound"

# Of TFRecords; errors make them unfit for training or evaluation.
RECORD_RULES = {
    "set": Rule(
        "error", "shards that are missing, sets that are mixed, or without a record",
        "copy all files of one set, and only them, or convert the data again",
    ),
    "damage": Rule(
        "error", "records that are damaged", "copy the file again from where it came, or convert the data again"
    ),
    "example": Rule("error", "records that are no tf.Example", "check that the file holds tf.Examples"),
    "missing": Rule("error", "features that training or evaluation needs, and that are missing", _AGAIN),
    "type": Rule("error", "features of another type or length than they should have", _AGAIN),
    "picture": Rule(
        "error", "pictures that TensorFlow cannot decode", "mend or leave out the picture, and convert again"
    ),
    "size": Rule("error", "sizes that are not those of the picture", _AGAIN),
    "box": Rule("error", "boxes that are not finite, have no area, or reach out of the picture", _AGAIN),
    "label": Rule(
        "error", "classes that are not those of the label map",
        "name the label map of the conversion, or convert again",
    ),
    "mask": Rule("error", "masks that do not fit their picture", _AGAIN),
    "keypoint": Rule("error", "keypoints that are not as many for each object, or lie outside the image", _AGAIN),
    "manifest": Rule(
        "error", "differences from the manifest",
        "convert or reshard again; whoever changed the files knows whether on purpose",
    ),
    "absent": Rule("warning", "features that other tools look for, and that are missing", "nothing for training"),
    "format": Rule(
        "warning", "formats that are not those of the picture", "nothing for training, which looks itself"
    ),
    "hash": Rule("warning", "keys that are not the picture's SHA-256", "nothing for training, which ignores them"),
    "same_name": Rule(
        "warning", "pictures with the file name of an earlier one", "rename one; evaluation takes them for one picture"
    ),
}  # fmt: skip


def markdown_table() -> str:
    """The rules as the table of `docs/doctor.md`."""
    lines = ["| rule | level | finds | what is done | `--fix` |", "| --- | --- | --- | --- | --- |"]
    for name, rule in RULES.items():
        fixed = "yes" if rule.fixed else ""
        lines.append(f"| `{name}` | {rule.severity} | {rule.finds} | {rule.cure} | {fixed} |")
    return "\n".join(lines) + "\n"

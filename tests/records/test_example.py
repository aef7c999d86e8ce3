"""tf.Example under names of its own: the bytes, and that TensorFlow reads them and we read TensorFlow's."""

import math

import pytest

from tfod.errors import DataError
from tfod.protos import example_pb2
from tfod.records.example import (
    bytes_feature,
    decode_example,
    encode_example,
    float_feature,
    int64_feature,
    text_feature,
)


def test_bytes_worked_out_by_hand() -> None:
    # Example { features { feature { key: "k" value { KIND { value: VALUES } } } } }
    # 300 is 0b10_0101100, so AC 02; the list is packed, 3 bytes.
    assert encode_example({"k": int64_feature((1, 300))}) == bytes.fromhex("0a0e0a0c0a016b12071a050a0301ac02")
    # 1.0 is 0x3F800000, stored low byte first.
    assert encode_example({"k": float_feature([1.0])}) == bytes.fromhex("0a0f0a0d0a016b120812060a040000803f")
    assert encode_example({"k": bytes_feature(b"ab", b"")}) == bytes.fromhex("0a0f0a0d0a016b12080a060a0261620a00")


def test_empty_lists_keep_their_kind() -> None:
    for feature, tag in ((bytes_feature(), "0a"), (float_feature([]), "12"), (int64_feature(()), "1a")):
        assert encode_example({"k": feature}) == bytes.fromhex(f"0a090a070a016b1202{tag}00")
    assert encode_example({}) == b"\x0a\0"
    assert decode_example(encode_example({"empty": float_feature([])})) == {"empty": []}


FEATURES = {
    "ints": int64_feature((0, 1, 127, 128, 16384, 2**31, 2**63 - 1, -1, -(2**63))),
    "floats": float_feature([0.0, -1.5, 0.1, 3.4e38]),
    "bytes": bytes_feature(b"", b"\0\xff", b"x" * 300, b"y" * 70000),
    "texts": text_feature(("cat", "Katze", "Kätzchen", "")),
    "bools": int64_feature((True, False)),
    "name/with/" + "long" * 50: int64_feature((7,)),
}


def test_round_trip() -> None:
    decoded = decode_example(encode_example(FEATURES))
    assert list(decoded) == list(FEATURES)
    assert decoded["ints"] == [0, 1, 127, 128, 16384, 2**31, 2**63 - 1, -1, -(2**63)]
    assert decoded["bytes"] == [b"", b"\0\xff", b"x" * 300, b"y" * 70000]
    assert decoded["texts"] == [b"cat", b"Katze", "Kätzchen".encode(), b""]
    assert decoded["bools"] == [1, 0]
    assert all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(decoded["floats"], [0, -1.5, 0.1, 3.4e38], strict=True))


def test_tensorflow_reads_the_same() -> None:
    import tensorflow as tf

    message = tf.train.Example.FromString(encode_example(FEATURES))
    decoded = decode_example(encode_example(FEATURES))
    assert set(message.features.feature) == set(FEATURES)
    assert example_pb2.Example.FromString(message.SerializeToString())  # both schemas in one process
    for name, feature in message.features.feature.items():
        assert list(getattr(feature, feature.WhichOneof("kind")).value) == decoded[name]


def test_what_tensorflow_writes_is_read() -> None:
    import tensorflow as tf

    message = tf.train.Example()
    message.features.feature["a"].int64_list.value.extend([3, -4])
    message.features.feature["b"].float_list.value.extend([0.5])
    message.features.feature["c"].bytes_list.value.extend([b"x", b"y"])
    message.features.feature["d"].SetInParent()
    decoded = decode_example(message.SerializeToString())
    assert decoded == {"a": [3, -4], "b": [0.5], "c": [b"x", b"y"], "d": []}


def test_lists_that_are_not_packed_are_read_too() -> None:
    # Each value a field of its own: tag 0x08 is field 1 as varint, tag 0x0d field 1 as four bytes.
    assert decode_example(bytes.fromhex("0a0e0a0c0a016912071a050805089601")) == {"i": [5, 150]}
    assert decode_example(bytes.fromhex("0a130a110a0166120c120a0d0000803f0d00000040")) == {"f": [1.0, 2.0]}


def test_features_keep_their_order() -> None:
    names = [f"feature/{number * 7919 % 101}" for number in range(100)]
    data = encode_example({name: int64_feature((number,)) for number, name in enumerate(names)})
    assert list(decode_example(data)) == names


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05abc", b"not an example", b"\xff" * 20, b"\x0a\x04\x0a\x02\x0b\x01"]
)
def test_other_bytes_are_named(data: bytes) -> None:
    with pytest.raises(DataError, match=r"no tf.Example"):
        decode_example(data, "train.record, record 3")


def test_an_example_cut_anywhere_is_an_error_of_the_user() -> None:
    data = encode_example({"k": int64_feature((5, 300)), "f": float_feature([1.0, 2.0])})
    for length in range(1, len(data)):
        with pytest.raises(DataError):
            decode_example(data[:length])

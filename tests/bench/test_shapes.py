from pathlib import Path

from bench.feed import Feed
from bench.shapes import Shape, alone, rows, shapes, stepped, untrained


def test_one_thing_is_varied_at_a_time() -> None:
    first, *others = shapes()
    assert len(set(others)) == len(others)
    for one in others:
        pairs = zip(
            (one.samples, one.hop, one.units), (first.samples, first.hop, first.units), strict=True
        )
        assert sum(ours != theirs for ours, theirs in pairs) == 1


def test_an_untrained_model_has_its_shape_and_is_stepped(tmp_path: Path) -> None:
    shape = Shape(samples=128, hop=32, units=16)
    model = untrained(shape, tmp_path)
    spec = model.manifest.window.spec()
    assert (spec.samples, spec.hop) == (128, 32)
    rates = stepped(model, Feed.of(8), 0.05), alone(model, 0.05)
    (row,) = rows({shape: [rates]})
    assert row["of onnxruntime"] == rates[0] / rates[1]

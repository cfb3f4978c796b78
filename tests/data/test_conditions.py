from dataclasses import replace

import numpy as np
import pytest
import torch

from vaekit.data.batches import Examples
from vaekit.data.conditions import conditioned, told
from vaekit.data.records import Data, Split
from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.spec import Condition, DataSpec
from vaekit.told import context_of


def split(n: int, labels: bool = True, attributes: bool = True) -> Split:
    return Split(
        np.arange(n, dtype=np.float32)[:, None] + np.zeros((1, 3), np.float32),
        np.arange(n) % 4 if labels else None,
        attributes=np.stack([np.arange(n) % 2, np.arange(n) % 3 == 0], 1).astype(np.uint8)
        if attributes
        else None,
    )


def data(n: int = 40, **options: bool) -> Data:
    part = split(n, **options)
    names = ("odd", "third") if part.attributes is not None else ()
    return Data(
        "numbers", part, split(8, **options), split(8, **options), None, None, None, attribute_names=names
    )


def test_labels_are_told_as_corners_and_attributes_as_yes_and_no() -> None:
    table = told(conditioned(data(), "labels"), "validation")
    assert table is not None
    assert table.argmax(1).tolist() == [0, 1, 2, 3] * 2
    assert (table.sum(1) == 1).all()
    both = told(conditioned(data(), "attributes"), "test")
    assert both is not None
    assert both[:4].tolist() == [[0, 1], [1, 0], [0, 0], [1, 1]]
    swapped = conditioned(data(), "third,odd")
    other = told(swapped, "test")
    assert other is not None
    assert swapped.spec.condition == Condition("attributes", ("third", "odd"))
    assert np.array_equal(other, both[:, ::-1])
    assert told(data(), "train") is None


def test_every_way_of_reading_examples_tells_the_right_condition() -> None:
    examples = Examples.of(conditioned(data(130), "labels"), "train")

    def right(x: torch.Tensor) -> bool:
        context = context_of(x)
        return context is not None and context.argmax(-1).tolist() == (x[..., 0] % 4).int().tolist()

    assert all(right(x) for _, x, _ in examples.in_order())
    assert right(examples.first(70))
    assert right(examples.all())
    assert right(torch.stack([examples.one(77), examples.one(2)]))
    assert right(examples.augmented(torch.tensor([5, 129, 3]), Noise(0, (), cut(3, 1))))
    assert right(examples.share(1, 2).all())
    assert right(examples.head(9).all())
    assert context_of(Examples.of(data(), "train").first(3)) is None


def test_so_many_labels_are_told_equally_many_of_each_class_and_only_in_training() -> None:
    few = conditioned(data(), "labels", labelled=10)
    table, held_out = told(few, "train"), told(few, "validation")
    assert table is not None
    assert held_out is not None
    assert table.sum(0).tolist() == [3, 3, 2, 2]
    assert held_out.sum() == 8
    every = told(conditioned(data(), "labels"), "train")
    assert every is not None
    assert (table <= every).all()


def test_a_label_below_zero_is_none() -> None:
    part = replace(split(4), labels=np.array([-1, 0, 1, -1]))
    table = told(conditioned(replace(data(), test=part), "labels"), "test")
    assert table is not None
    assert table.sum(1).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("words", "options", "sentence"),
    [
        ("labels", {"labels": False}, "numbers has no labels to be told"),
        ("attributes", {"attributes": False}, "it has labels: use --condition labels"),
        ("attributes", {"labels": False, "attributes": False}, "it has neither labels nor attributes"),
        ("ood", {}, "numbers has no attribute ood; did you mean odd"),
    ],
)
def test_what_the_data_lack_is_refused(words: str, options: dict[str, bool], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        conditioned(data(**options), words)


def test_other_data_must_have_what_the_model_asks_for() -> None:
    model = conditioned(data(), "labels").condition
    with pytest.raises(UserError, match="numbers has no labels, and the model asks for them"):
        told(replace(data(labels=False), condition=model), "test")
    beyond = replace(split(4), labels=np.array([0, 1, 2, 9]))
    with pytest.raises(UserError, match="the label 9, and the model knows 4 classes"):
        told(replace(data(), test=beyond, condition=model), "test")
    with pytest.raises(UserError, match="has no attributes, and the model asks for it"):
        told(replace(data(attributes=False), condition=Condition("attributes", ("odd",))), "test")


@pytest.mark.parametrize("labelled", [3, 0])
def test_too_few_labelled_examples_are_refused(labelled: int) -> None:
    with pytest.raises(UserError, match="at least one of each of the 4 classes"):
        conditioned(data(), "labels", labelled=labelled)
    with pytest.raises(UserError, match="--labelled is a number of examples"):
        conditioned(data(), "attributes", labelled=100)


def test_a_condition_is_named_by_people() -> None:
    labels = Condition("labels", ("0", "1"))
    assert labels.told("1") == (0.0, 1.0)
    for words, sentence in (
        ("7", "7 is none of the labels"),
        ("0,1", "an example has one label"),
        ("", "one label"),
    ):
        with pytest.raises(UserError, match=sentence):
            labels.told(words)
    assert Condition("attributes", ("hat", "young")).told("") == (0.0, 0.0)
    with pytest.raises(UserError, match="needs more of them than 1"):
        Condition("labels", ("only",))
    assert DataSpec((3,), None).condition is None

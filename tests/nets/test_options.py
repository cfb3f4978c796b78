from typing import Any, cast

import pytest

from vaekit.errors import UserError
from vaekit.nets import NetOptions, resolve


@pytest.mark.parametrize(
    ("options", "shape", "net"),
    [
        (NetOptions(), (12,), "mlp"),
        (NetOptions(), (1, 8, 8), "mlp"),
        (NetOptions(), (1, 15, 64), "mlp"),
        (NetOptions(), (1, 16, 64), "conv"),
        (NetOptions(), (40, 64, 15), "mlp"),
        (NetOptions(hidden=(300,)), (3, 64, 64), "mlp"),
        (NetOptions(hidden=()), (3, 64, 64), "mlp"),
        (NetOptions(net="linear"), (3, 64, 64), "linear"),
        (NetOptions(net="resnet"), (3, 8, 8), "resnet"),
    ],
)
def test_resolve(options: NetOptions, shape: tuple[int, ...], net: str) -> None:
    resolved = resolve(options, shape)
    assert resolved.net == net
    assert resolve(resolved, shape) == resolved
    assert (resolved.size, resolved.hidden, resolved.activation) == (
        options.size,
        options.hidden,
        options.activation,
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"net": "cnov"}, r"unknown --net 'cnov': did you mean conv\?"),
        ({"net": "qqq"}, "unknown --net 'qqq': known are: auto, conv, conv_post, linear, mlp, resnet"),
        ({"size": "bse"}, r"unknown --size 'bse': did you mean base\?"),
        ({"activation": "rleu"}, r"unknown --activation 'rleu': did you mean relu\?"),
        ({"net": "conv", "hidden": (3,)}, "--hidden is for --net mlp, and conv has no hidden layers"),
        ({"hidden": (3, 0)}, r"width of at least 1, not \(3, 0\)"),
    ],
)
def test_refused_options(options: dict[str, Any], sentence: str) -> None:
    refused = NetOptions()
    for (
        field,
        value,
    ) in options.items():  # past the tests' run-time type check, which would refuse names first
        object.__setattr__(refused, field, value)
    with pytest.raises(UserError, match=sentence):
        refused.__post_init__()


def test_options_are_checked_when_they_are_made() -> None:
    with pytest.raises(UserError, match="width of at least 1"):
        NetOptions(hidden=(-1,))


@pytest.mark.parametrize("net", ["conv", "conv_post", "resnet"])
@pytest.mark.parametrize(
    ("shape", "size"), [((12,), "12"), ((1, 7, 64), "1×7×64"), ((1, 64, 7), "1×64×7"), ((9, 9), "9×9")]
)
def test_refused_shapes_name_the_size_and_the_way_out(net: str, shape: tuple[int, ...], size: str) -> None:
    with pytest.raises(UserError, match=f"--net {net} needs .* of size {size}; use --net mlp"):
        resolve(NetOptions(net=cast(Any, net)), shape)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 8)])
def test_empty_examples_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="holds no numbers"):
        resolve(NetOptions(), shape)

"""What a user may say about a network, and what "auto" means for data of a given shape."""

from dataclasses import dataclass, replace
from typing import Literal, final, get_args

from vaekit.errors import UserError, nearest

NetName = Literal["auto", "linear", "mlp", "conv", "conv_post", "resnet"]
SizeName = Literal["tiny", "small", "base"]
Activation = Literal["tanh", "relu", "silu"]

_SMALLEST_CONVOLVED_SIDE = 8
_SMALLEST_AUTOMATIC_SIDE = 16


@final
@dataclass(frozen=True)
class NetOptions:
    """Choose the network of an encoder and of its mirror image, the decoder.

    Args:
        net: `linear`, `mlp`, `conv` (channels widen as the image shrinks), `conv_post` (the order of the
            blog post, which narrows), `resnet`, or `auto`, which `resolve` replaces.
        size: how wide the layers are.
        hidden: widths of the encoder's hidden layers instead of those of `size`, for `mlp` only; the
            decoder has them in reverse.
        activation: nonlinearity of `mlp`. (`conv` has ReLU and `resnet` SiLU.)

    Raises:
        UserError: a name is unknown, or `hidden` is unusable.

    Example:
        >>> NetOptions(net="mlp", hidden=(200, 100)).activation
        'tanh'
    """

    net: NetName = "auto"
    size: SizeName = "small"
    hidden: tuple[int, ...] | None = None
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        _check_name("net", self.net, get_args(NetName))
        _check_name("size", self.size, get_args(SizeName))
        _check_name("activation", self.activation, get_args(Activation))
        if self.hidden is None:
            return
        if self.net not in ("auto", "mlp"):
            raise UserError(
                f"--hidden is for --net mlp, and {self.net} has no hidden layers to set; drop one of the two"
            )
        if any(width < 1 for width in self.hidden):
            raise UserError(f"every hidden layer needs a width of at least 1, not {self.hidden}")


def resolve(options: NetOptions, shape: tuple[int, ...]) -> NetOptions:
    """Replace "auto" by a network that suits the data, and refuse a network that cannot take it.

    Hidden layers, vectors and images with a side under 16 pixels mean `mlp`, other images `conv`.

    Args:
        options: what the user said.
        shape: one example, (D,) or (C, H, W).

    Raises:
        UserError: the network needs an image, or a larger one.

    Example:
        >>> resolve(NetOptions(), (3, 64, 64)).net
        'conv'
        >>> resolve(NetOptions(), (1, 8, 8)).net
        'mlp'
    """
    if not shape or min(shape) < 1:
        raise UserError(
            f"an example of shape {shape} holds no numbers: there is nothing to build a network for"
        )
    if options.net == "auto":
        convolved = options.hidden is None and len(shape) == 3 and min(shape[1:]) >= _SMALLEST_AUTOMATIC_SIDE
        return replace(options, net="conv" if convolved else "mlp")
    if options.net in ("conv", "conv_post", "resnet"):
        _check_image(options.net, shape)
    return options


def _check_name(option: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UserError(f"unknown --{option} {name!r}: {nearest(name, known)}")


def _check_image(net: NetName, shape: tuple[int, ...]) -> None:
    given = "×".join(str(size) for size in shape)
    if len(shape) != 3:
        raise UserError(
            f"--net {net} needs images (C, H, W), but an example here is of size {given}; use --net mlp"
        )
    if min(shape[1:]) < _SMALLEST_CONVOLVED_SIDE:
        raise UserError(
            f"--net {net} needs a height and width of at least {_SMALLEST_CONVOLVED_SIDE} pixels, "
            f"but an image here is of size {given}; use --net mlp"
        )

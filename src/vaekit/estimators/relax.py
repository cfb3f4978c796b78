"""RELAX: score-function gradients of binary latents, made less noisy by a control variate that has a slope."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus


def relaxed_given(
    logits: Float[Tensor, "*S d"], binary: Float[Tensor, "*S d"], uniform: Float[Tensor, "*S d"]
) -> Float[Tensor, "*S d"]:
    """Draw z̃ ~ p(z | b), where z = l + logistic noise and b = 1 where z > 0, as a function of l and uniform noise.

    z = l + log u − log(1 − u) has u in [1 − θ, 1) where b is 1, θ = sigmoid(l), and in [0, 1 − θ) where b is 0. With
    v′ = 1 − θ + vθ or v(1 − θ), z̃ = l + log v′ − log(1 − v′) = ±[ζ(±l + log w) − log(1 − w)], ζ the softplus, with
    w = v above and 1 − v below.

    Args:
        logits: l, (*S, d).
        binary: b, zeros and ones, (*S, d).
        uniform: v ~ U[0, 1), (*S, d).

    Source: Grathwohl et al. 2018, https://arxiv.org/abs/1711.00123, appendix; Tucker et al. 2017,
    https://arxiv.org/abs/1703.07370, appendix.

    Example:
        >>> z = relaxed_given(torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.3, 0.3]))
        >>> [round(v, 4) for v in z.tolist()]
        [0.619, -1.7346]
    """
    limits = torch.finfo(uniform.dtype)
    v = uniform.clamp(limits.eps, 1 - limits.eps)
    sign, w = 2 * binary - 1, torch.where(binary > 0, v, 1 - v)
    return sign * (softplus(sign * logits + w.log()) - torch.log1p(-w))


def relaxed_of(
    logits: Float[Tensor, "*S d"], binary: Float[Tensor, "*S d"], uniform: Float[Tensor, "*S d"]
) -> Float[Tensor, "*S d"]:
    """Draw z = l + logistic noise such that b = 1 where z > 0, for b that were drawn first; ∂z/∂l = 1.

    b ~ p(b) and z ~ p(z | b) are a draw from p(z, b), whichever came first.

    Args:
        logits: l, (*S, d).
        binary: b ~ Bernoulli(sigmoid(l)), (*S, d).
        uniform: v ~ U[0, 1), (*S, d).

    Example:
        >>> logits = torch.zeros(1, requires_grad=True)
        >>> relaxed_of(logits, torch.ones(1), torch.tensor([0.3])).backward()
        >>> logits.grad
        tensor([1.])
    """
    return logits + (relaxed_given(logits, binary, uniform) - logits).detach()


def relax_gradient(
    value: Float[Tensor, "*S"],
    logits: Float[Tensor, "*S d"],
    binary: Float[Tensor, "*S d"],
    control: Float[Tensor, "*S"],
    control_given: Float[Tensor, "*S"],
) -> Float[Tensor, "*S d"]:
    """ĝ = (f(b) − c(z̃)) ∇ log p(b) + ∇c(z) − ∇c(z̃), an unbiased estimate of ∇_l E f(b) for any c, draw by draw.

    Differentiable with respect to what c depends on, so that a control variate can learn to make ĝ² small: the mean
    of ĝ does not depend on it. Where f depends on l itself, ∂f/∂l is not in it.

    Args:
        value: f(b), (*S); it gets no gradient.
        logits: l of each draw, (*S, d), what c(z) and c(z̃) were computed from.
        binary: b, (*S, d).
        control: c(z), z of `relaxed_of`, (*S).
        control_given: c(z̃), z̃ of `relaxed_given` with noise of its own, (*S).

    Source: Grathwohl et al. 2018, https://arxiv.org/abs/1711.00123, equations 8–11.

    Example:
        >>> logits, b = torch.zeros(1, 1, requires_grad=True), torch.ones(1, 1)
        >>> z, z_given = (f(logits, b, torch.full((1, 1), 0.3)) for f in (relaxed_of, relaxed_given))
        >>> c, c_given = z.sum(-1), z_given.sum(-1)
        >>> g = relax_gradient(torch.tensor([2.0]), logits, b, c, c_given)
        >>> round(g.item(), 4)  # (2 − 0.619)·(1 − ½) + 1 − 0.3/1.3
        1.4597
    """
    (slope,) = torch.autograd.grad((control - control_given).sum(), logits, create_graph=True)
    score = binary - logits.sigmoid().detach()
    return (value.detach() - control_given).unsqueeze(-1) * score + slope

"""Types and tensor shapes are checked at run time in every test, and each worker keeps to one thread."""

from collections.abc import Iterator

from jaxtyping import install_import_hook

# Recipes, commands and the command line annotate lazily (TYPE_CHECKING) and stay outside.
CHECKED = (
    "bounded",
    "core",
    "data",
    "diagnosis",
    "distributions",
    "estimators",
    "evaluation",
    "features",
    "inference",
    "information",
    "latents",
    "lightning",
    "likelihoods",
    "nets",
    "noise",
    "objectives",
    "posteriors",
    "ppca",
    "priors",
    "quantisers",
    "programs",
    "shapes",
    "report",
    "training",
    "verification",
)
# The numeric tower of PEP 484: an int is a float, as every type checker holds.
install_import_hook(
    [f"vaekit.{module}" for module in CHECKED],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)

import pytest  # noqa: E402
import torch  # noqa: E402

# xdist runs several workers on few cores.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test starts from the same global seed, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded pictures never reach the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAEKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def generator() -> torch.Generator:
    """A random generator of fixed seed, fresh for every test."""
    return torch.Generator().manual_seed(0)

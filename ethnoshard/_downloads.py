"""Weights of facenet-pytorch's, which are fetched by their names."""

from typing import TYPE_CHECKING, Any

from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from torch import Tensor

DOWNLOADABLE = ("vggface2", "casia-webface")
"""Names of weights of Inception-ResNet v1; where there is a network they are fetched once and kept."""


def downloaded(name: str) -> "dict[str, Tensor]":
    """Tensors of facenet-pytorch's network, by its names.

    Args:
        name: one of ``DOWNLOADABLE``.

    Raises:
        EthnoshardError: they can't be fetched.
    """
    from facenet_pytorch import InceptionResnetV1

    try:
        network: Any = InceptionResnetV1(pretrained=name)
    except (OSError, RuntimeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise EthnoshardError(
            f"the weights {name} could not be downloaded ({reason}); where there is no network, fetch them elsewhere "
            "and give the file"
        ) from error
    state: dict[str, Tensor] = network.state_dict()
    return state

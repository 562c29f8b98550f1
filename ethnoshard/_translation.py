"""A network of torch as a graph of OpenVINO, layer by layer, from what torch.fx says of its calls.

Only layers that our own networks are made of are known; a network with any other stays torch's. torch's own ways out
were no choice: ``torch.jit.trace`` is deprecated, and ``torch.export`` takes most of a minute for MobileFaceNet.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ethnoshard._runtime import Compiled

if TYPE_CHECKING:
    from openvino import Node


class UnknownLayerError(Exception):
    """A network has a layer that isn't known here."""


def compiled(network: nn.Module, side: int, *, streams: int = 1) -> Compiled | None:
    """Compile a network in its evaluation mode for (B, 3, side, side) float32 images, any B.

    Args:
        network: its output is one tensor.
        side: of the images, pixels.
        streams: calls that run at the same time, a thread each.

    Returns:
        None where it has a layer that isn't known here, or decides something by what it sees.
    """
    from ethnoshard._openvino import openvino

    try:
        graph = fx.symbolic_trace(network.eval()).graph
    except (fx.proxy.TraceError, TypeError, NotImplementedError):
        return None
    translation = _Translation(network)
    image = translation.op.parameter(openvino.PartialShape([-1, 3, side, side]), openvino.Type.f32)
    try:
        found = translation.of(graph, image)
    except UnknownLayerError:
        return None
    return Compiled(openvino.Model([found], [image], "network"), streams=streams)


class _Translation:
    """Makes nodes of OpenVINO out of those of a traced network."""

    def __init__(self, network: nn.Module) -> None:
        from ethnoshard._openvino import opset13

        self.op: Any = opset13
        self._modules = dict(network.named_modules())

    def of(self, graph: fx.Graph, image: "Node") -> "Node":
        """The output's node, with ``image`` for the only input.

        Raises:
            UnknownLayerError: a layer isn't known.
        """
        known: dict[fx.Node, Any] = {}
        for node in graph.nodes:
            given = fx.map_arg((node.args, dict(node.kwargs)), lambda each: known[each])
            if node.op == "placeholder":
                known[node] = image
            elif node.op == "output":
                return given[0][0]
            elif node.op == "call_module":
                known[node] = self._module(self._modules[node.target], *given[0])
            elif node.op in ("call_function", "call_method"):
                known[node] = self._call(node.target, *given[0], **given[1])
            else:
                raise UnknownLayerError(f"{node.op} {node.target}")
        raise UnknownLayerError("no output")

    def _module(self, module: nn.Module, given: object) -> Any:
        match module:
            case nn.Conv2d(padding_mode="zeros"):
                return self._convolution(module, given)
            case nn.BatchNorm2d() | nn.BatchNorm1d():
                return self._normalisation(module, given)
            case nn.Linear():
                product = self.op.matmul(given, self._constant(module.weight), False, True)
                bias = dict(module.named_parameters()).get("bias")
                return product if bias is None else self.op.add(product, self._constant(bias))
            case nn.ReLU():
                return self.op.relu(given)
            case nn.Dropout() | nn.Identity():
                return given
            case nn.Flatten(start_dim=1, end_dim=-1):
                return self._flat(given)
            case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
                return self._mean(given, (2, 3), keepdim=True)
            case nn.MaxPool2d(padding=0, dilation=1, ceil_mode=False):
                stride, sides = _two(module.stride), _two(module.kernel_size)
                return self.op.max_pool(given, stride, [1, 1], [0, 0], [0, 0], sides, "floor").output(0)
            case _:
                raise UnknownLayerError(type(module).__name__)

    def _call(self, target: object, *given: object, **named: object) -> Any:
        if target in (operator.add, operator.mul) and len(given) == 2:
            first, second = (
                self._constant(np.float32(each)) if isinstance(each, int | float) else each for each in given
            )
            return (self.op.add if target is operator.add else self.op.multiply)(first, second)
        name = target if isinstance(target, str) else getattr(target, "__name__", "")
        calls: dict[str, Callable[..., object]] = {
            "relu": lambda x, inplace=False: self.op.relu(x),
            "relu6": lambda x, inplace=False: self.op.clamp(x, 0.0, 6.0),
            "cat": lambda some, dim=0: self.op.concat(list(some), dim),
            "mean": self._mean,
            "normalize": self._unit,
        }
        if target is F.dropout:
            return given[0]
        if name not in calls:
            return self._reshaped(name, *given)
        try:
            return calls[name](*given, **named)
        except TypeError as error:
            raise UnknownLayerError(f"{name} with {sorted(named)}") from error

    def _reshaped(self, name: str, *given: object) -> Any:
        # InceptionResnetV1 ends in x.view(x.shape[0], -1).
        if name == "getattr" and given[1] == "shape":
            return "shape"
        if name == "getitem" and given == ("shape", 0):
            return "batch"
        if name == "view" and given[1:] == ("batch", -1):
            return self._flat(given[0])
        raise UnknownLayerError(name)

    def _convolution(self, module: nn.Conv2d, given: object) -> Any:
        if isinstance(module.padding, str):
            raise UnknownLayerError(f"padding {module.padding}")
        weight, stride, dilation = module.weight.detach().numpy(), list(module.stride), list(module.dilation)
        edge = list(module.padding)
        if module.groups == 1:
            found = self.op.convolution(given, self._constant(weight), stride, edge, edge, dilation)
        else:
            grouped = weight.reshape(module.groups, -1, *weight.shape[1:])
            found = self.op.group_convolution(given, self._constant(grouped), stride, edge, edge, dilation)
        if module.bias is None:
            return found
        return self.op.add(found, self._constant(module.bias.detach().numpy().reshape(1, -1, 1, 1)))

    def _normalisation(self, module: nn.BatchNorm1d | nn.BatchNorm2d, given: object) -> Any:
        if module.running_mean is None or module.running_var is None:
            raise UnknownLayerError("normalisation by the batch")
        constants = [module.weight, module.bias, module.running_mean, module.running_var]
        gain, shift, mean, variance = (self._constant(each) for each in constants)
        return self.op.batch_norm_inference(given, gain, shift, mean, variance, module.eps)

    def _mean(self, given: object, axes: tuple[int, ...], keepdim: bool = False) -> Any:
        return self.op.reduce_mean(given, self._constant(np.array(axes, np.int64)), keepdim)

    def _unit(self, given: object, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None) -> Any:
        if p != 2 or dim != 1:
            raise UnknownLayerError(f"normalize of power {p} along {dim}")
        return self.op.normalize_l2(given, self._constant(np.array([1], np.int64)), eps * eps, "max")

    def _flat(self, given: object) -> Any:
        return self.op.reshape(given, self._constant(np.array([0, -1], np.int64)), True)

    def _constant(self, values: object) -> Any:
        array = values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)
        return self.op.constant(np.array(array, order="C"))


def _two(given: int | tuple[int, int]) -> list[int]:
    return [given, given] if isinstance(given, int) else list(given)

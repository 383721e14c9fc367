"""Training also runs on a GPU. TensorFlow's list of kernels shows it, as few machines have one."""

from __future__ import annotations

from typing import Any

import pytest

from cryptoforecast.learning import networks, specs, training
from cryptoforecast.types import Progress
from tests import synthetic


@pytest.mark.parametrize("network", ["lstm", "dense"])
@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_every_operation_of_a_training_has_a_kernel_for_gpus(network: str, loss: str) -> None:
    networks.libraries()
    import tensorflow as tf
    from tensorflow.python.eager import context
    from tensorflow.python.framework import kernels

    if not tf.test.is_built_with_cuda():
        pytest.skip("this build of TensorFlow has no kernels for GPUs")
    nodes: dict[str, list[Any]] = {}

    def look(_: Progress) -> None:
        """Read what TensorFlow has compiled, while it is in use."""
        now = context.context()
        for name in now.list_function_names():
            if not name.startswith("__wrapped__"):  # single operations, of whatever type
                nodes.setdefault(name, list(now.get_function_def(name).node_def))

    def on_gpu(node: Any) -> bool:
        names = [
            kernel
            for kernel in kernels.get_registered_kernels_for_op(node.op).kernel
            if kernel.device_type in ("GPU", "DEFAULT")
        ]
        return any(
            all(
                node.attr[limit.name].type in limit.allowed_values.list.type
                for limit in kernel.constraint
                if limit.allowed_values.list.type
            )
            for kernel in names
        )

    spec = specs.make(network=network, loss=loss, units=(4, 3), epochs=1, horizon=2)
    training.train(synthetic.history(900), spec, look)
    compiled = [node for function in nodes.values() for node in function]
    assert {"MatMul", "GatherV2"} <= {node.op for node in compiled}
    assert {node.op for node in compiled if not on_gpu(node)} == set()

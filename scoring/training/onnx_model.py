"""ONNX files of this project's form: `inputs` (rows, inputs) float32 in, `raw_score` (rows, 1) out."""

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

from scoring.serving.runtime import INPUT_NAME, OUTPUT_NAME


def model_bytes(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    inputs: int,
    *,
    output_type: int = TensorProto.FLOAT,
    constants: Sequence[onnx.TensorProto] = (),
) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [None, inputs])],
        [helper.make_tensor_value_info(OUTPUT_NAME, output_type, [None, 1])],
        list(constants),
    )
    operators = [helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=operators, producer_name="sentinelstream")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())

"""run_tensors.py MODEL IN.npy OUT.npy: run a model of one input on tensors (n, ...). An emulated Python runs it too."""

import sys

import numpy as np


def open_model(path):
    if path.endswith(".onnx"):
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda tensor: session.run(None, {name: tensor})[0]
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    source, drawn = (
        details()[0]["index"] for details in (interpreter.get_input_details, interpreter.get_output_details)
    )

    def run(tensor):
        interpreter.set_tensor(source, tensor)
        interpreter.invoke()
        return interpreter.get_tensor(drawn)

    return run


if __name__ == "__main__":
    model, tensors, out = sys.argv[1:]
    run = open_model(model)
    np.save(out, np.stack([run(tensor) for tensor in np.load(tensors)]))

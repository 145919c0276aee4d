"""Prints the user time of one inference of each model file, as JSON, in an emulated Python that has only LiteRT."""

import json
import os
import sys

ROUNDS = 3


def main(paths: list[str]) -> None:
    """Print the least user seconds of an inference by file, from interleaved rounds."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreters = {}
    for path in paths:
        interpreters[path] = interpreter = Interpreter(model_path=path, num_threads=1)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
        interpreter.invoke()  # qemu translates the code once; only translated code is timed
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        for path, interpreter in interpreters.items():
            runs, start = 0, os.times().user
            while runs < 2 or os.times().user - start < 1:
                interpreter.invoke()
                runs += 1
            least[path] = min(least.get(path, 1e9), (os.times().user - start) / runs)
    sys.stdout.write(json.dumps(least) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

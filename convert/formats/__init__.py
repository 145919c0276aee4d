"""Turns a Keras generator into TFLite and ONNX bytes, by quantization recipes."""

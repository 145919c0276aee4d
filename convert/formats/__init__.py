"""From a Keras generator to TFLite and ONNX files."""

"""Opens picture networks of other projects, TFLite, ONNX, Keras or SavedModel, as functions from picture to picture."""

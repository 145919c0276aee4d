"""Says which operators of a .tflite file run on an accelerator, and which are left to the CPU."""

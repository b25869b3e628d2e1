"""What writes each type of layer in ONNX's operators: files by kind, functions by type."""

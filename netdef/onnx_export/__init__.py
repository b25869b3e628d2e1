"""Nets as ONNX models: what each layer is in ONNX's operators, and the model they make."""

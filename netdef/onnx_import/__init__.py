"""ONNX models as nets: prototxt and weights, where the operators map."""

"""What reads each ONNX operator as layers: files by kind, functions by operator."""

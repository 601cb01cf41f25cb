"""Shipped models: <name>.onnx, its manifest <name>.json and its card <name>.md. Data, no code."""

"""Training: the only place that loads scikit-learn, onnx and joblib. Never imported by a web or worker process."""

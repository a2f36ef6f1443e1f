"""SageMaker's built-in image-classification algorithm by PyTorch and OpenVINO, as its container."""

"""SageMaker's built-in image-classification algorithm by PyTorch and OpenVINO: a container in all but name."""

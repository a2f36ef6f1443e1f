"""SageMaker's built-in image-classification algorithm in PyTorch: a container in all but name."""

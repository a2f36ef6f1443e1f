"""CIFAR-100: ``download``, ``archive`` and ``pickles``, the ``selection`` of classes, and ``drawing``."""

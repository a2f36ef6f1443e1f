"""CIFAR-100: its ``download``, ``archive`` and ``pickles``, the ``selection`` of classes, a stand-in's ``drawing``."""

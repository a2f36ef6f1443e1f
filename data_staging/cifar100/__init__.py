"""CIFAR-100: its download, its archive and pickles read safely, which classes are taken."""

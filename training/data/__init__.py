"""An image's path to the network, read in this order: ``channels``, ``list_file`` or ``record_file``,
``labels``, ``images``, ``examples``, ``augmentation``.
"""

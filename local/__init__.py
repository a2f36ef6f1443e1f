"""The embedded cloud, of which no other room knows: MiniStack, mended and with a SageMaker, on this machine.

``__main__`` is the command line, ``lifecycle`` starts and stops the server, and ``server`` is its process.
``install`` lists the changes to MiniStack, which lie by AWS service; ``sagemaker`` is what it lacks.
"""

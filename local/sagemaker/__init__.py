"""The SageMaker that MiniStack lacks, in its process: jobs, models, endpoints and their invocation.

MiniStack reads its environment when it is imported, and this package imports it: set the environment
first. Call ``install`` before serving, and ``shutdown`` on a worker thread while the server still answers,
so that captured traffic is written before S3 goes.
"""

from local.sagemaker.emulator import Place
from local.sagemaker.hooks import install, shutdown

__all__ = ["Place", "install", "shutdown"]

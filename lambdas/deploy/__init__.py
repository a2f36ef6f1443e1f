"""What a deploy runs: custom resources that train a model or take a given one, and that find the threshold.

In the order of reading: ``custom_resource`` (how CloudFormation asks and is answered), ``jobs``, ``training``
or ``artifact`` (each with its inputs and its accuracy), ``gate``, ``kept_models``, and ``threshold``.
"""

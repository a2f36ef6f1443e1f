"""What a deploy runs: custom resources that train a model or take a given one, that find the threshold, and
that keep the name of the staged data set.

In the order of reading: ``custom_resource`` (how CloudFormation asks and is answered), ``model_resource``
(how a model comes to be judged), ``training`` and ``artifact`` (where it comes from), ``gate``, ``models/``
(what is known of models), ``threshold``, ``versions``, ``serving`` (how the endpoint comes to serve it), and
``staged``.
"""

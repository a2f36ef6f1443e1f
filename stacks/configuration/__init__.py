"""Every setting, typed and checked: the settings, their types, the hyperparameters, the model artifact.

Nothing here imports aws_cdk, so that other rooms read the same settings. ``python -m stacks.configuration``
prints README's table of them.
"""

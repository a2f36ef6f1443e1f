"""Pictures to S3, CIFAR-100's or one's own.

``stage`` is the command, ``steps`` what it does one after the other: CIFAR-100 is read in ``cifar100``, own
pictures in ``own_pictures`` and ``photos``. Both become a ``dataset``, to which ``labelled`` adds what people
have labelled, and which goes to a ``bucket`` for a ``deployment``, or to a ``folder``. ``sample`` writes a
stand-in for CIFAR-100.
"""

"""What a deploy knows of models.

In the order of reading: ``evaluation`` and ``answers`` (what a model says of pictures whose class is known),
``proof`` (the threshold by it), ``kept`` (the bucket's models), ``versions`` (the registered ones),
``registering``, and ``chosen`` (one of them, in use again).
"""

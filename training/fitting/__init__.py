"""How weights come about: read ``train``, ``transfer``, ``epochs``, ``gradients``, then ``objective``."""

"""How weights come about, read in this order: ``train``, ``transfer``, ``epochs``, ``objective``."""

"""Networks: MXNet's symbol graph (``symbol``), its operators (``attributes``, ``operators``), what runs it
(``steps``, ``graph``, ``symbol_network``), and the two that are built here (``residual``, ``efficientnet``).
"""

"""Networks: MXNet's symbol graph (``symbol``), its operators (``attributes``, ``operators``), what they ask
for (``graph``), what runs them (``fixed_network``, ``trained_network``), and the two networks that are built
here (``residual``, ``efficientnet``).
"""

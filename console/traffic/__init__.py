"""What the endpoint answered over time: source.py has the common part of captured.py and executed.py.

traffic.py chooses between the two, columns.py encodes the invocations, known_pictures.py knows true classes.
"""

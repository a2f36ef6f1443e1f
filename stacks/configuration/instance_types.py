"""The instance types on which SageMaker runs the algorithm's container, by what it is to do there.

They are those of SageMaker's API for each use, without those that the container cannot run on: its image is
built for x86-64, so not on Graviton; it knows none of AWS's own accelerators; and of the GPU families its
documentation names p2, p3, g4dn and g5 alone.
"""


def _read(table: str) -> frozenset[str]:
    """Returns the types of a table whose lines are families, a colon and sizes."""
    lines = [line.split(":") for line in table.splitlines() if line.strip()]
    return frozenset(
        f"ml.{family}.{size}"
        for families, sizes in lines
        for family in families.split()
        for size in sizes.split()
    )


_GPU = """
    p2: xlarge 8xlarge 16xlarge
    p3: 2xlarge 8xlarge 16xlarge
    g4dn: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
    g5: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
"""
TRAINING = _read(f"{_GPU} p3dn: 24xlarge")
TRANSFORM = _read(f"""{_GPU}
    m4: xlarge 2xlarge 4xlarge 10xlarge 16xlarge
    m5: large xlarge 2xlarge 4xlarge 12xlarge 24xlarge
    c4: xlarge 2xlarge 4xlarge 8xlarge
    c5: xlarge 2xlarge 4xlarge 9xlarge 18xlarge
    m6i c6i r6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
    m7i c7i r7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
""")
HOSTING = _read(f"""{_GPU}
    t2: medium large xlarge 2xlarge
    m4: xlarge 2xlarge 4xlarge 10xlarge 16xlarge
    m5 m5d r5 r5d: large xlarge 2xlarge 4xlarge 12xlarge 24xlarge
    c4: large xlarge 2xlarge 4xlarge 8xlarge
    c5 c5d: large xlarge 2xlarge 4xlarge 9xlarge 18xlarge
    m6i c6i c6in r6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
    m7i c7i r7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
""")

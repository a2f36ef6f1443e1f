"""Which deployment answers for an endpoint: one, or two while an update shifts traffic between them."""

import random

from local.sagemaker.hosting.variants import Deployment, Variant


class Traffic:
    """The deployments of one endpoint and their shares of its requests.

    The shares are replaced as a whole, so that each request sees those of one moment.
    """

    def __init__(self, deployment: Deployment) -> None:
        """Gives all traffic to one deployment."""
        self._shares: tuple[tuple[Deployment, float], ...] = ((deployment, 1.0),)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """All that may be asked: the blue one, and the green one of an update."""
        return tuple(deployment for deployment, _ in self._shares)

    @property
    def blue(self) -> Deployment:
        """The deployment that was in service first."""
        return self._shares[0][0]

    def shift(self, green: Deployment, share: float) -> None:
        """Gives a share of the traffic, up to 1, to the green deployment and the rest to the blue one."""
        self._shares = ((self.blue, 1.0 - share), (green, share))

    def settle(self, deployment: Deployment) -> None:
        """Gives all traffic to a deployment; the other one is asked no more."""
        self._shares = ((deployment, 1.0),)

    def choose(self, variant_name: str | None) -> Variant | None:
        """Returns the variant that a request goes to, None where there is none of that name."""
        deployments, shares = zip(*self._shares, strict=True)
        return random.choices(deployments, shares)[0].choose(variant_name)

    def holds(self, variant: Variant) -> bool:
        """Returns whether a variant is one of those that may be asked."""
        return any(variant in deployment.variants for deployment in self.deployments)


#: ARN of an endpoint to its traffic; an endpoint that is not here answers nobody.
serving: dict[str, Traffic] = {}

"""An account without a quota: preflight says so with the ways out, the account refuses, and a rise mends it.

The tests of this file depend on one another and run in the order written, on the embedded cloud.
"""

import json
import sys

import pytest

from local.service_quotas.quotas import FILE
from stacks.configuration.settings import read_settings_of_deploy
from tests.end_to_end.deployed_home import SETTINGS
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud, succeeded

pytestmark = pytest.mark.end_to_end

TYPE = read_settings_of_deploy(environment={}).endpoint_instance_type
QUOTA = f"{TYPE} for endpoint usage"


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app that was never deployed, on an account that may not have an instance of its endpoint's type."""
    (cloud.home / FILE).write_text(json.dumps({QUOTA: 0}))
    return App(cloud, "scones-new", SETTINGS, tmp_path_factory.mktemp("assembly"))


def test_preflight_says_no_and_the_line_that_it_proposes_passes(app: App) -> None:
    refused = app.console("preflight")
    assert refused.returncode == 1, refused.stderr
    lines = refused.stdout.splitlines()
    said = f"no    {QUOTA}: 2 asked, 0 allowed, 1 in use by "
    (place,) = (number for number, line in enumerate(lines) if line.startswith(said))
    proposed = lines[place + 1].strip().removeprefix("in cdk.json: ")
    ((setting, value),) = json.loads(f"{{{proposed}}}").items()
    assert (setting, value != TYPE) == ("endpoint_instance_type", True)
    override = f"CDK_CONTEXT={setting}={value}"
    succeeded(
        app.cloud.run("env", override, sys.executable, "-m", "console", "--name", app.name, "preflight")
    )


def test_the_account_refuses_an_endpoint_for_which_it_has_no_quota(app: App) -> None:
    sagemaker = app.cloud.client("sagemaker")
    (endpoint,) = sagemaker.list_endpoints()["Endpoints"]
    described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded, match=f"'{QUOTA}' is 0 Instances"):
        sagemaker.create_endpoint(
            EndpointName=f"{app.name}-another", EndpointConfigName=described["EndpointConfigName"]
        )


def test_with_the_rise_that_it_names_preflight_passes(app: App) -> None:
    command = next(
        line.partition("aws service-quotas ")[2].split()
        for line in app.console("preflight").stdout.splitlines()
        if "request-service-quota-increase" in line
    )
    asked = dict(zip(command[1::2], command[2::2], strict=True))
    app.cloud.client("service-quotas").request_service_quota_increase(
        ServiceCode=asked["--service-code"],
        QuotaCode=asked["--quota-code"],
        DesiredValue=float(asked["--desired-value"]),
    )
    succeeded(app.console("preflight"))

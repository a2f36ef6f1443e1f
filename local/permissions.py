"""IAM as AWS enforces it, over a loopback connection."""

from ministack import app

from local.patching import original, replace


def install() -> None:
    """Lets every request count as encrypted in transit, as none leaves this machine.

    The bucket policies of the CDK and of this project refuse anything but TLS (``aws:SecureTransport``).
    """
    pin = original(app, "pin_request_origin")
    replace(app, "pin_request_origin", lambda source_ip, _secure_transport: pin(source_ip, True))

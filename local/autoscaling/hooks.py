"""Puts this Application Auto Scaling into MiniStack, through names that it does not promise to keep."""

import logging
import threading

from ministack.services.cloudformation import provisioners, stacks

from local.autoscaling import cloudformation_types, persistence, targets
from local.autoscaling.scaling import Scaler
from local.autoscaling.service import SERVICE
from local.patching import find_original, wrap
from local.saving import saver

SECONDS_BETWEEN_LOOKS = 5.0

_logger = logging.getLogger("autoscaling")


def install() -> None:
    """Lets MiniStack serve Application Auto Scaling, and begins to scale.

    Raises:
        SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
    """
    SERVICE.install(persistence)
    find_original(provisioners, "_RESOURCE_HANDLERS").update(cloudformation_types.HANDLERS)
    find_original(provisioners, "_REPLACING_PROPERTIES").update(cloudformation_types.REPLACING_PROPERTIES)
    wrap(
        stacks,
        "_runs_on_worker_thread",
        lambda runs_there, kind: kind in cloudformation_types.HANDLERS or runs_there(kind),
    )
    threading.Thread(target=_scale, name="autoscaling", daemon=True).start()


def _scale() -> None:
    scaler = Scaler()
    while True:
        targets.changed.wait(SECONDS_BETWEEN_LOOKS)
        targets.changed.clear()
        try:
            if scaler.look():
                saver.note_change("application_autoscaling")
        except Exception:
            _logger.exception("the look at the scalable targets failed")

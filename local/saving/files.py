"""Names the files that hold a service's state."""

from ministack import app

from local.patching import find_original


def name_files(service: str) -> list[str]:
    """Returns the names of the files of a service, which is named as MiniStack's router names it."""
    aliases = find_original(app, "SERVICE_NAME_ALIASES")
    place = find_original(app, "SERVICE_REGISTRY").get(aliases.get(service, service), {})
    if not place:
        return []
    return [place.get("state_key", place["module"]), *place.get("sub_modules", ())]

"""Describes a report's figures in words, for the terminal and the page alike."""

from collections.abc import Mapping
from typing import Any


def format_share(share: Mapping[str, float] | None) -> str:
    """Returns a share with its interval; a dash if there is none."""
    if share is None:
        return "-"
    return f"{share['value']:.3f} ({share['low']:.3f} to {share['high']:.3f})"


def format_volume(photos: Mapping[str, float]) -> str:
    """Returns photos a month with their interval."""
    return f"{photos['value']:,.0f} ({photos['low']:,.0f} to {photos['high']:,.0f})"


def describe_target(recommendation: Mapping[str, Any]) -> str:
    """Returns how many photos may be wrong, and with which confidence."""
    return (
        f"at most {100 * recommendation['routed_error_target']:g} wrong in 100 routed photos, "
        f"with {100 * recommendation['routed_error_confidence']:g} % confidence"
    )


def describe_recommendation(recommendation: Mapping[str, Any]) -> str:
    """Returns the recommended threshold, or why there is none and what would help."""
    wanted = describe_target(recommendation)
    seen = f"{recommendation['wrong']} of {recommendation['routed']} routed photos wrong"
    bound = f"{100 * recommendation['bound']:.1f} in 100"
    if recommendation["threshold"] is not None:
        return (
            f"Recommended threshold: {recommendation['threshold']:.7g}, for {wanted} "
            f"(seen: {seen}, which may mean up to {bound})"
        )
    if recommendation["more_photos"] is None:
        remedy = "more photos would not help, the model is too often wrong where it is most confident"
    else:
        remedy = f"it needs about {recommendation['more_photos']:,} more photos like these"
    return (
        f"No threshold can be recommended for {wanted}: {recommendation['photos']} photos "
        f"cannot prove it (the best of the thresholds that are tried has {seen}, which may mean up to "
        f"{bound}); {remedy}"
    )


def describe_comparison(comparison: Mapping[str, Any]) -> str:
    """Returns whether the challenger is better, and by which test."""
    word = "better" if comparison["better"] else "no better"
    return (
        f"{comparison['challenger']} is {word} than {comparison['champion']}: it alone is right on "
        f"{comparison['challenger_only']} photos, the other alone on {comparison['champion_only']} "
        f"(McNemar's exact test, one-sided p = {comparison['p_value']:.3g})"
    )

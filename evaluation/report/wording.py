"""Describes a report's figures in words, for the terminal and the page alike."""

from collections.abc import Mapping
from typing import Any

from lambdas.workflow.prediction import format_level, format_share, format_threshold


def format_measure(share: Mapping[str, float] | None) -> str:
    """Returns a share with its interval; a dash if there is none."""
    if share is None:
        return "-"
    return f"{format_share(share['value'])} ({format_share(share['low'])} to {format_share(share['high'])})"


def format_volume(photos: Mapping[str, float]) -> str:
    """Returns photos a month with their interval."""
    return f"{photos['value']:,.0f} ({photos['low']:,.0f} to {photos['high']:,.0f})"


def describe_target(recommendation: Mapping[str, Any]) -> str:
    """Returns how many photos may be wrong, and with which confidence."""
    return (
        f"at most {format_level(recommendation['routed_error_target'])} of the routed photos wrong, "
        f"with {format_level(recommendation['routed_error_confidence'])} confidence"
    )


def describe_recommendation(recommendation: Mapping[str, Any]) -> str:
    """Returns the recommended threshold, or why there is none and what would help."""
    wanted = describe_target(recommendation)
    seen = f"{recommendation['wrong']} of {recommendation['routed']} routed photos wrong"
    bound = format_share(recommendation["bound"])
    if recommendation["threshold"] is not None:
        return (
            f"Recommended threshold: {format_threshold(recommendation['threshold'])}, for {wanted} "
            f"(seen: {seen}, which may mean up to {bound})"
        )
    if recommendation["more_photos"] is None:
        remedy = "more photos would not help, the model is too often wrong where it is most confident"
    else:
        remedy = f"about {recommendation['more_photos']:,} more labelled photos are needed"
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

"""The sizes of screen that the page is looked at on, in CSS pixels."""

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

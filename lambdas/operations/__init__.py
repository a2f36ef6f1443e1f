"""What runs beside the workflow once it is deployed: ``upload`` starts it for photos that arrive."""

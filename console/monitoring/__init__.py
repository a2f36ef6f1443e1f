"""What watches a deployment, as the page shows it: alarms, the dashboard with its metrics, drift reports."""

"""What watches a deployment: functions that measure, alarms with their topic, the dashboard, the budget."""

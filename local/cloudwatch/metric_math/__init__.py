"""Metrics read by queries and metric math, for alarms and for GetMetricData.

MiniStack computes no expressions, and takes a query without dimensions for one of all dimensions.
"""

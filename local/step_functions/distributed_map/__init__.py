"""Step Functions' Distributed Map, whose items run in executions of their own; MiniStack's has little of it.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

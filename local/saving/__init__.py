"""Keeps what the embedded cloud has answered for, whatever ends it; MiniStack saves when stopped in order.

A change is in a file before its caller has the answer, what changes all the time, such as logs, soon after.
What was under way when the server died has failed in a way that AWS has too: an execution ends with an
error, the operation of a stack is rolled back.
"""

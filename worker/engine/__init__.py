"""The engine: the one process on a machine that owns the models.

- `__main__`: load the models, serve job processes over a Unix socket
- `protocol`: the messages between job process and engine
- `scheduler`: continuous batching: which image enters which slot
- `threads`: short-lived threads that compute
"""

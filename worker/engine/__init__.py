"""An engine: the one process that owns a model on a device.

- `__main__`: load the model, serve job processes over a Unix socket
- `protocol`: the messages between job process and engine
- `scheduler`: continuous batching: which image enters which slot
- `sketches`: when a slow request gets a picture of its half-drawn images
- `threads`: short-lived threads that compute
"""

"""Inference: from a text to image codes, on any device.

- `image_request`: one request's images: seeds, rounds of retries, ranking, progress
- `retries`: which images are blots, and are decoded again
- `slots`: a batch of images, decoded code by code: continuous batching
- `sampling`: the next code from its logits, and an image's perplexity
- `kv_cache`: keys and values of earlier positions
- `precision`: the transformer's data types
- `int8`: layers with weights of 8 bits, on a CPU
- `int8_upscaler`: Real-ESRGAN's dense blocks in 8 bits, on a CPU with VNNI
- `kernels`: builds and loads `step.c` and `dense_block.c`, for CPUs with VNNI
- `devices`: picks the device by its name
- `cuda`: the compiled step; a host that does not wait for its GPU
- `memory`: reuses freed memory; OutOfMemory
- `stopwatch`: how long the stages after the transformer take
- `threads`: CPU threads by the cores that are free
"""

"""Inference: from a text to image codes, on any device.

sampling      the next code from its logits, and the score of those drawn
slots         images drawn together: continuous batching
kv_cache      keys and values of the positions before
retries       which images are drawn again: repeats and blots
precision     what the transformer computes in; int8 on a CPU
cuda          no waiting between host and GPU; the compiled step
memory        memory kept between requests; what running out of it looks like
threads       CPU threads by the cores that are free
"""

"""Bundles: a model as a folder of weights and `bundle.json`, and where published ones come from.

bundle        opens, checks and saves a bundle
description   reads `bundle.json`
published     the published models: files, digests, configurations
download      fetches a file from the Hub, or goes on where it was interrupted
convert       brings checkpoints of ru-dalle, Real-ESRGAN and ruCLIP into the form of a bundle
install       makes a bundle of published files
mini/         the weights that ship
"""

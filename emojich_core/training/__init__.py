"""How the `mini` bundle is made and measured; no other package imports this one.

data/          the training set: emoji art, captions, compositions of both
presets        the configurations of the bundle's networks
vqgan          trains the VQGAN
decoder        trains its decoder again, adversarially
upscale        trains the up-scaler
matting        trains the U-Net
transformer    trains the transformer
auxiliary      auxiliary losses of the transformer
adversarial    the discriminator of decoder and up-scaler, and its losses
trainer        options, learning rate and precision of all trainers
export         turns checkpoints into a bundle
best_captions  measures which captions the bundle draws well
unpack         turns a bundle into checkpoints, to train it further
average        the mean of two bundles
evaluation/    measures a bundle
"""

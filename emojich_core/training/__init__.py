"""How the `mini` bundle is made and measured; nothing of the product imports this room.

data/          the training set: emoji art, captions, compositions of both
presets        the numbers of the bundle
vqgan          trains the VQGAN
decoder        trains its decoder again, adversarially
upscale        trains the up-scaler
matting        trains the U-Net
transformer    trains the transformer
auxiliary      auxiliary losses of the transformer
adversarial    the discriminator of decoder and up-scaler, and its losses
trainer        what these trainers share
export         checkpoints become a bundle
best_captions  measures which captions the bundle draws well
unpack         a bundle becomes checkpoints, to train it further
average        the mean of two bundles
evaluation/    measures a bundle
"""

"""`emojich finetune`: users teach a bundle their own style.

cli       the options of the command
finetune  one run, from a bundle and a folder of images to a new bundle
pairs     reads and checks the folder of images and its captions.csv
recipe    which parameters are trained, and by which loss
lora      low-rank adapters
memory    computes the memory that a run takes
loop      a training loop that continues killed runs; emojich_core/training uses it, too
"""

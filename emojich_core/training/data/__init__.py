"""The training set: emoji art, Russian captions, and compositions of both.

__main__      the options of the command
build         makes the dataset
dataset       reads the dataset
art           the emoji art: drawings, Russian names and keywords
captions      captions of an emoji, and their frequencies
things        emoji that can be coloured, counted or combined, and their names
compositions  the pictures of the dataset and their captions
morphology    Russian word forms
held_out      compositions and glyphs that training never sees
neighbours    writes emojich_core/reading/neighbours.tsv
"""

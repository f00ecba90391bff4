"""Measures whether a bundle draws what a prompt asks for, and how well.

__main__   the options of the command
evaluate   runs all parts of an evaluation
questions  prompts, the emoji that are right for them, and the bundle's answers
judge      tells which emoji a picture shows, and in which colour
metrics    computes the figures
pages      stickers for people to look at: names, compositions, at full size beside the art
report     tables, the section of the model card, a page like a chat
"""

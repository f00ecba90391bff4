"""Measures whether a bundle draws what was asked, and how well.

__main__   the options of the command
evaluate   the course of an evaluation
questions  prompts, the emoji that are right for them, and the bundle's answers
judge      tells which emoji a picture shows, and in which colour
metrics    the figures
pages      stickers for people to look at: names, compositions, at full size beside the art
report     tables, the section of the model card, a page like a chat
"""

"""Reading: from a user's prompt to the prompts that a bundle draws well.

- `vocabulary`: what a bundle has learned, and what it draws for other words
- `words`: Russian morphology: dictionary forms, diminutives, agreement
- `spelling`: what a user meant to type: held-down letters, misspelled words, signs around words
- `latin`: prompts in English, in Latin letters, or typed in the wrong keyboard layout
- `scene_words`: other words for the clothes and places of scenes
- `written_emoji`: emoji that stand in a prompt
- `lexicon`: Russian words for each emoji, in `lexicon.tsv`
"""

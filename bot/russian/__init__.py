"""Russian: extracts the subject of a prompt, and finds emoji and search words for it.

- `request_phrases`: «нарисуй мне кота» → «кота»
- `nominative`: «кота в шляпе» → «кот в шляпе»
- `words`: meaningful words in dictionary form
- `emoji`: emoji and search words for a prompt
- `written_emoji`: emoji that a text contains
- `build_emoji_names`: writes `emoji_names.tsv`
"""

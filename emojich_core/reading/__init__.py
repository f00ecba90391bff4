"""Reading: from a user's prompt to the prompts that a bundle draws.

- `prompt`: the order of decisions: begin here
- `vocabulary`: what a bundle has learned, and its better captions: the file `vocabulary.tsv`

Decisions, in this order:

- `lettering`: words that the picture is to show: кот с надписью «привет»
- `pixel_art`: the wish for large pixels: пиксельный кот
- `emoji_for_words`: emoji that stand for words: 🐱 в шляпе
- `counts`: how many of a thing a prompt asks for: семь котят
- `coloured_things`: a thing in a colour: синие ракеты
- `whole_phrases`: a prompt that means one emoji: щенки
- `shown_as`: a word that a scene shows better than its emoji: баба яга, бабушка с метлой
- `faces`: an adjective and a word for a face: сонное лицо
- `partial_phrases`: commas, greetings, infinitives: привет, мама; печь пирог
- `negations`: what a user does not want: кот без шляпы
- `scene_words`: clothes and places in the words of scenes: в цилиндре
- `descriptions`: words that change a thing's picture: злой заяц, кот пират
- `adjectives`: adjectives that the weights cannot draw: страшный череп
- `arranged_scenes`: scenes that are put together from drawings: кот с пиццей; lists of things
- `learned_scenes`: scenes that the weights draw, and what they call a thing: бульдог в шляпе
- `things_alone`: the first thing of a scene that is not drawn whole: клубника со сливками
- `substitutes`: what is drawn for an unlearned noun: капибара
- `nouns_of_adjectives`: the noun of an adjective, where nothing else is known: банановый
- `poses`: how images that repeat another one may be turned

Parts of a scene:

- `subjects`: its first thing, counted or described: семь котят, злой заяц
- `scene_parts`: what follows: в лесу, в красной шляпе, с пиццей
- `things`: one of its things: whether it is a head, and has eyes
- `layouts`: the layouts of a reading, and their order

What users type:

- `latin`: English, Latin letters, the wrong keyboard layout: kotik v kosmose
- `spelling`: signs around words, repeated letters, misspelled words: котиииик, сабака
- `written_emoji`: emoji that stand in a text

Russian words:

- `lexicon`: Russian words and phrases for each emoji
- `lookup`: the emoji that a word or phrase means, in whatever form
- `words`: dictionary forms, parts of speech, agreement
- `degrees`: adjectives that say more or less: злющий, беленький
- `diminutives`: the nouns that a diminutive may be made of
- `colour_names`: shades, and the colours that things have in life
- `text`: finds the words of a text, and replaces one
- `word_ends`: takes the end of a word off
- `tables`: reads the `.tsv` files

Tables about a word:

- lexicon.tsv: the one emoji of each word; a word marked "~" means another thing than it shows
- variants.tsv: for a word that several emoji show equally well, all of them, in turn
- shown_as.tsv: for a word whose emoji is drawn badly or not at all, the prompt drawn instead
- neighbours.tsv: for a word that the lexicon lacks, the nearest word that it has
- descriptions.tsv: for a word that describes a thing, how it changes the thing's picture
- scene_words.tsv: for clothes and places, those that scenes were learned with
- english.tsv: the Russian of an English word

Tables about an emoji:

- natural_colours.tsv: the colours that its thing has in life
- poses.tsv: how its drawing may be turned
- the bundle's vocabulary.tsv: its caption, and a better one where measuring has found one
"""

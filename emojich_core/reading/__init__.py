"""Reading: from a user's prompt to the prompts that a bundle draws.

- `prompt`: the order of decisions: begin here
- `vocabulary`: what a bundle has learned: the file `vocabulary.tsv`

Decisions, in this order:

- `lettering`: words that the picture is to show: кот с надписью «привет»
- `emoji_for_words`: emoji that stand for words: 🐱 в шляпе
- `coloured_things`: a thing in a colour: синие ракеты
- `whole_phrases`: a prompt that means one emoji: щенки; which emoji show a word (`variants.tsv`)
- `shown_as`: a word that a small scene shows: баба яга, бабушка с метлой (`shown_as.tsv`)
- `faces`: an adjective and a word for a face: сонное лицо
- `partial_phrases`: commas, greetings, infinitives: привет, мама; печь пирог
- `negations`: what a user does not want: кот без шляпы
- `scene_words`: clothes and places in the words of scenes: в цилиндре (`scene_words.tsv`)
- `arranged_scenes`: scenes that are put together from drawings: кот с пиццей, злой заяц
- `descriptions`: words that change a thing's picture: злой заяц, кот пират (`descriptions.tsv`)
- `counts`: how many of a thing a prompt asks for: семь котят
- `adjectives`: adjectives that the weights cannot draw: страшный череп
- `things_alone`: the first thing of a scene that is not drawn whole: клубника со сливками
- `substitutes`: what is drawn for an unlearned noun: капибара (`neighbours.tsv`)
- `learned_scenes`: what scenes call a thing: бульдог в шляпе
- `nouns_of_adjectives`: the noun of an adjective, where nothing else is known: банановый
- `poses`: how images that repeat another one may be turned (`poses.tsv`)

What users type:

- `latin`: English, Latin letters, the wrong keyboard layout: kotik v kosmose (`english.tsv`)
- `spelling`: signs around words, repeated letters, misspelled words: котиииик, сабака
- `written_emoji`: emoji that stand in a text

Russian words and tables:

- `lexicon`: Russian words and phrases for each emoji (`lexicon.tsv`)
- `lookup`: the emoji that a word or phrase means, in whatever form
- `words`: dictionary forms, parts of speech, agreement
- `degrees`: adjectives that say more or less: злющий, беленький
- `diminutives`: the nouns that a diminutive may be made of
- `colour_names`: shades, and the colours that things have in life (`natural_colours.tsv`)
- `text`: finds the words of a text, and replaces one
- `tables`: reads the `.tsv` files
"""

### Everything the bot says in English.
###
### $max-length and $max-title may be used in every message.

## The start and the menu

description =
    Write «кот в шляпе» (a cat in a hat): I draw some stickers, and those you like go into your own pack. I read Russian, and some English words.

    You can add me to a group, too.
welcome =
    Hi! I draw stickers from your words.

    Tell me in Russian what to draw and pick the best: it goes into your own sticker pack.

    Start with an example (a cat in space, a burning heart, a robot with a flower):
help =
    1. Write in Russian what to draw, like «кот в шляпе» (a cat in a hat), or tap an example below. Each line is a request.
    2. Wait: the message shows your place in the queue and the progress. Changed your mind? Tap ✖ or /cancel. Edit your message, and I draw it anew.
    3. Tap a sticker's number to put it into your pack.
    4. Not the right emoji? Reply with yours to the message with the stickers.

    Send a photo with the caption «в шляпе» (with a hat), or reply so to a photo or a sticker: its upper half stays, and I draw the rest.

    /packs: your packs, those of emoji too: begin, rename, reorder, replace, delete
    /history: your last prompts, to see or draw again
    /settings: how many to draw, how boldly, a white outline
    /privacy: what I keep; /forget: to have it forgotten

    In a group: /sticker «кот в шляпе» (a cat in a hat), or /sticker as a reply to somebody's message, or mention me. Edits and replies with emoji work there, too.
help-inline =
    In any chat: @{ $bot } «кошки» (cats). I offer your stickers by their words or emoji.
command-start = Start
command-cancel = Stop drawing
command-packs = My packs
command-settings = Settings
command-history = Last prompts
command-forget = Forget all about me
command-privacy = What is kept
command-sticker = Draw a sticker
command-help = How it works

## The message of a request

no-worker = 💤 The artist is away. Your request is safe: I will draw it once they are back.
next = ⏳ You are next
place = ⏳ You are number { $place } in the queue
ready-in-seconds = Ready in about { $seconds } s
ready-in-minutes =
    Ready in about { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }
drawing = 🎨 Drawing…
finished =
    Done, { $count ->
        [one] { $count } sticker
       *[other] { $count } stickers
    }! Tap a number to put that sticker into your own pack.
judged = I drew { $times } times as many candidates, and { $judge } chose the best.
instead = I cannot draw «{ $unknown }» yet, so here is «{ $instead }».
instead-phrase = I cannot draw all of «{ $unknown }» yet, so here is «{ $instead }».
in-pack = Your pack: { $link }
open-pack = Open the pack
prompt-like = «{ $prompt }», like sticker { $number }
prompt-image =
    «{ $prompt }», with the upper { $percent ->
        [25] quarter
       *[50] half
    } of the picture
choose-like = Which sticker should the new ones be like?
choose-style = In which style shall I draw the same?
more = 🎲 More
like = 🪄 More like…
like-one = 🪄 More like it
keep-half = 🌗 Keep half of the picture
keep-quarter = 🌘 Keep a quarter of the picture
report = 🚩 Report
styles = 🎭 In another style…
edit = ✏️ Change the prompt
back = ← Back
cancel = ✖ Stop
cancelled = ✖ Stopped.
cancelled-all =
    { $count ->
        [one] Stopped { $count } request.
       *[other] Stopped { $count } requests.
    }
nothing-to-cancel = I am not drawing anything for you at the moment.
try-again = 🔄 Try again

## Why there will be no stickers

failure-failed = 😔 That did not work out. Shall we try again?
failure-timeout = 😔 Drawing took too long. Shall we try again?
failure-memory = 😔 Too many people are drawing right now. Shall we try again?
failure-unknown = 🤔 I do not know how to draw that. Try «кот в шляпе» (a cat in a hat), «горящее сердце» (a burning heart) or «панда в короне» (a panda with a crown).
failure-lost = 😔 Your request got lost on the way. Sorry! Shall we try again?
failure-unserved = 😔 The artist has not come back for a whole day. Shall we try again?
failure-expired = 😔 The stickers waited too long to be sent. Shall I draw them again?
failure-refused = 😔 Telegram did not take the picture. Shall we try again?
failure-no-image = 😔 I no longer have the picture to begin with. Please send it again.
failure-no-photos = 😔 I am not allowed to send pictures here. Your stickers wait in our private chat: /history

## Why a prompt is not taken

refused-lines =
    { $lines }{ $more ->
        [0] { "" }
       *[other] { " and" } { $more } more
    }

    { $sentence }
refusal-empty = And what shall I draw? Tell me in Russian, like «кот в шляпе» (a cat in a hat).
refusal-too_long =
    That is too long for a sticker. Keep it within { $max-length ->
        [one] { $max-length } character
       *[other] { $max-length } characters
    }: a few words will do.
refusal-no_words =
    I need words. Tell me in Russian what to draw, like «горящее сердце» (a burning heart). To change the emoji of stickers, reply with them to my message.
refusal-not_russian = I only read Russian so far. Try «кот в шляпе» (a cat in a hat).
not-text = I understand words, and pictures with a caption, but not this. Tell me in words what to draw.
picture-what = And what shall I do with it? Send a picture with a caption, like «в шляпе» (with a hat), or reply so to it: its upper half stays, and I draw the rest.
picture-moving = I cannot begin with a video or an animation. Send a photo or a sticker that does not move: its upper half stays, and I draw the rest from your words.
picture-too-large = That picture is too large: I open files of up to { $max-megabytes } MB and { $max-megapixels } megapixels. Send a smaller one, or send it as a photo.
picture-unreadable = I could not open that picture. Send it as a photo, or as a JPEG, PNG or WebP file.
unknown-command = There is no such command. Just tell me what to draw, or tap /help.
foreign-command = I only obey commands that you write yourself, not forwarded ones.
in-groups =
    Here I draw when asked: /sticker «кот в шляпе» (a cat in a hat), or when you mention me. Reply to somebody's message with /sticker, and I draw what it says. In the caption of a photo, or in a reply to a photo or a sticker, the command keeps the upper half of the picture. Edit your message, and I draw it anew. Reply to mine with emoji, and the stickers get them.

    In our private chat I draw whatever you write. Your packs, history and settings are there, too.
sticker-what = Tell me what to draw: /sticker «кот в шляпе» (a cat in a hat). Or reply with /sticker to a message in Russian, and I draw what it says.
sticker-no-words = There are no words in that message. Reply with /sticker to one that has some, or write: /sticker «кот в шляпе» (a cat in a hat).
nobody =
    Only people have packs, and you write on behalf of a group or a channel. Choose yourself left of the input field, or switch “Remain anonymous” off in your administrator rights, or write to me in private.

refusal-blocked = I do not draw that. Please send me something else.
bot-is-private = This bot is private. To get in, tell its owner your number: { $id }
you-are-banned = The owner of the bot has shut you out.
you-are-banned-for = The owner of the bot has shut you out: { $reason }

## Why a good prompt is not taken right now

limit-active =
    I am drawing { $allowed ->
        [one] { $allowed } request
       *[other] { $allowed } requests
    } of yours already. Let one finish, then send more.
limit-per-minute =
    Not so fast, please: I take { $allowed ->
        [one] { $allowed } request
       *[other] { $allowed } requests
    } a minute. You can send the next one in { $seconds } s.
limit-per-day =
    I take { $allowed ->
        [one] { $allowed } request
       *[other] { $allowed } requests
    } of yours a day. You can send the next one in about { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }.
limit-queue =
    The queue is full: { $allowed ->
        [one] { $allowed } request is
       *[other] { $allowed } requests are
    } waiting. Come back in a few minutes.

## Answers to those who run the bot

stats-queue = Waiting: { $waiting }, being drawn: { $started }
stats-workers =
    { $count ->
        [0] Nobody draws
       *[other] Drawn at once: up to { $count }
    }
stats-paused = Paused: /resume
stats-bundle = · { $name }: { $waiting } waiting, { $started } being drawn, up to { $count } at once
stats-speed = One image: { $seconds } s
stats-users = Users today: { $users }, banned: { $banned }
stats-ended = Requests drawn today: { $finished }, failed: { $failed }
stats-broken = Errors of the bot today: { $count }
ban-whom = Send the user's number, with a reason if you like: /ban 123456789 spam, /unban 123456789
ban-reason-too-long = The reason is too long: { $most } characters at most.
ban-not-admins = That is one of those who run the bot.
user-banned =
    Banned: { $id }. { $count ->
        [0] They had no requests.
        [one] Stopped { $count } request.
       *[other] Stopped { $count } requests.
    }
user-unbanned = No longer banned: { $id }
banned-list =
    { $count ->
        [0] Nobody is banned.
       *[other] Banned{ $more ->
            [0] { "" }
           *[other] { " " }(and { $more } more)
        }:
    }
user-was-not-banned = Was not banned: { $id }
ban-reason-report = a report of «{ $prompt }»

report-of =
    🚩 { $count ->
        [1] A report
       *[other] Reports ({ $count })
    } of the stickers «{ $prompt }»
report-where = Chat: { $chat }. Requested by user { $user }
verdict-ban = 🚫 Ban the user
verdict-delete = 🗑 Delete the message
verdict-dismiss = Nothing is wrong
verdict-ban-done = 🚫 The user is banned.
verdict-delete-done = 🗑 The message is deleted.
verdict-dismiss-done = Dismissed: nothing is wrong.
verdict-delete-not = Telegram did not let me delete this message: it may be gone already.
verdict-given = An admin has already decided this.

digest-day = 📊 On { $day } (UTC)
digest-requests = Requests drawn: { $finished }, failed: { $failed }, users: { $users }
digest-added = Stickers added to packs: { $count }
digest-reports = Reports: { $reports }, bans: { $bans }
digest-broken = Errors of the bot: { $count }

paused = Paused: what is being drawn will be finished, the rest waits. To go on: /resume
resumed = Drawing on.

## Answers to taps

added =
    { $kind ->
        [custom_emoji] Emoji
       *[regular] Sticker
    } { $number } is in your pack.
added-to-new = Open it and add it to Telegram.
already-added =
    { $kind ->
        [custom_emoji] Emoji
       *[regular] Sticker
    } { $number } is in your pack already.
relabelled = These stickers answer to other emoji now: { $emoji }
relabelled-one =
    { $kind ->
        [custom_emoji] It stands for these emoji now: { $emoji }
       *[regular] This sticker answers to other emoji now: { $emoji }
    }
relabel-what = To change emoji, reply with them to my message with the stickers.
not-relabelled = Telegram did not take these emoji. Please try others.
old-button = This button no longer works. Send me the request again and I will draw it anew.
not-yours = These stickers are somebody else's. Send me a request and I will draw yours.
report-sent = The report has been sent to the bot's admins. Thank you!
report-twice = You have reported these stickers already.
report-limit = I take no more than { $allowed } reports from one person a day.
report-unsent = The bot's admins cannot be reached now. Please try later.
too-late = Too late: this request has ended already.
drawing-more = Drawing more.
drawn-again = These pictures are gone by now. I am drawing the same ones anew.
no-other-style = There are no other styles now.
style-gone = Nobody draws in that style any longer, so the stickers stay as they are. Choose another style.
style-not-served = Nobody draws in that style now, and similar stickers need it. Try again later, or press “🎲 More”.
how-to-edit =
    Send a new prompt. Or edit your message with this one, and I will draw it anew in the same place.
asked-again = I am drawing it again already.
not-added = Telegram did not take the picture. Please try again a little later.
no-telegram = Telegram does not answer at the moment. Please try again shortly.
broken = 😔 Something broke on my side. Please try again a little later.

## Packs

packs-none = You have no packs yet: the first one comes with the first sticker. Or give it a title now.
packs-list = Your packs. What is new goes into the one marked ●.
packs-line =
    { $title }, { $kind ->
        [custom_emoji] { $count ->
            [0] waits for its first emoji
           *[other] { $count } emoji
        }
       *[regular] { $count ->
            [0] waits for its first sticker
            [one] { $count } sticker
           *[other] { $count } stickers
        }
    }
packs-hint =
    To change { $kind ->
        [custom_emoji] an emoji
       *[regular] a sticker
    }, tap its number or send it to me.
packs-premium =
    These are emoji: they stand in the text itself. To send them takes Telegram Premium. A pack holds up to { $allowed }.
packs-old = This message is too old. Open your packs anew: /packs
new-pack = ➕ New pack
new-emoji-pack = 😀 New emoji pack
choose-pack = ● Put new ones here
retitle = ✏️ Rename
delete-pack = 🗑 Delete
delete-pack-sure =
    Delete «{ $title }» for good? { $kind ->
        [custom_emoji] { $count ->
            [0] It is still empty.
           *[other] It has { $count } emoji.
        }
       *[regular] { $count ->
            [0] It is still empty.
            [one] It has { $count } sticker.
           *[other] It has { $count } stickers.
        }
    }
yes-delete = 🗑 Yes, delete it
pack-deleted = The pack is deleted.
pack-gone = This pack is gone.
ask-title = What shall it be called? Reply to this message, with up to { $max-title } characters.
ask-title-emoji =
    What shall the emoji pack be called? Reply to this message, with up to { $max-title } characters.

    While this pack is marked ●, whatever you choose becomes a small emoji. It holds up to { $allowed }, and to send them takes Telegram Premium.
bad-title = That will not do: 1 to { $max-title } visible characters, please. Reply once more.
pack-begun =
    «{ $title }»: the pack will be there once you choose its first { $kind ->
        [custom_emoji] emoji
       *[regular] sticker
    }.
retitled = The pack is called «{ $title }» now.
not-changed = Telegram did not let me. Please try again a little later.

## One sticker, or emoji ($kind)

sticker-of-pack =
    { $emoji } { $kind ->
        [custom_emoji] Emoji
       *[regular] Sticker
    } { $number } of { $count }: «{ $title }»
ask-emoji =
    { $kind ->
        [custom_emoji] Which ordinary emoji shall it stand for?
       *[regular] Which emoji shall this sticker answer to?
    } Reply to this message with them.
bad-emoji = I need emoji only, no words. Reply once more.
sticker-menu =
    What shall I do with this { $kind ->
        [custom_emoji] emoji
       *[regular] sticker
    }?
sticker-first = ⬆️ Move first
sticker-emoji =
    😀 { $kind ->
        [custom_emoji] Stands for
       *[regular] Emoji
    }
sticker-replace = 🔁 Replace
sticker-delete = 🗑 Remove
sticker-is-first = It is the first of its pack now.
sticker-deleted =
    The { $kind ->
        [custom_emoji] emoji
       *[regular] sticker
    } is removed from the pack.
sticker-emoji-how = Reply to the sticker itself with the new emoji.
sticker-replace-how =
    Now tap, under any finished request, the number of { $kind ->
        [custom_emoji] what is to become an emoji in its place
       *[regular] the sticker to take its place
    }. Changed your mind? /cancel
sticker-kept = I replace nothing: the pack stays as it was.
sticker-replaced =
    { $kind ->
        [custom_emoji] Emoji
       *[regular] Sticker
    } { $number } took the place of the old one.
sticker-gone =
    This { $kind ->
        [custom_emoji] emoji
       *[regular] sticker
    } is no longer in the pack.
foreign-sticker =
    This { $kind ->
        [custom_emoji] emoji
       *[regular] sticker
    } is not from your packs, so I will not change it. But I can draw one: tell me what.{ $kind ->
        [custom_emoji] { "" }
       *[regular] { " " }Or reply to the sticker itself with words: its upper half stays, and I draw the rest.
    }

## Settings

settings = How many stickers to draw for a prompt, how boldly, and whether with a white outline:
settings-styles = How many stickers to draw for a prompt, how boldly, whether with a white outline, and in which style:
boldness-calm = calm
boldness-usual = usual
boldness-bold = bold
outline-on = outline
outline-off = no outline
longer = Draw longer, choose better

## History, memory

history =
    { $count ->
        [one] Your last prompt.
       *[other] Your last { $count } prompts.
    } Tap one: I will show its stickers again, or draw the same ones anew if they are gone.
history-none = Your last prompts will be here. Send the first!
history-shown = Here they are.
history-again = I am drawing the same stickers anew.
forget-sure = Shall I forget all I know of you: prompts, history, settings, and which packs are yours? The packs themselves can stay in Telegram, or be deleted with the rest.
forget-keep = Forget, keep the packs
forget-all = 🗑 Forget, and delete the packs
forget-not = All right, everything stays as it was.
forgotten = Done: I remember nothing about you. Only the count of your requests and reports is left, and in two days that is gone, too.
privacy =
    What I keep, and for how long:

    • prompts, and the numbers of the messages that answer them: two days;
    • the stickers I have drawn: one day; half-drawn ones: ten minutes at most;
    • small copies of pictures that drawings begin with: 26 hours after the last request with them;
    • when you asked for something or reported stickers, to count it: one day, even after /forget;
    • if your stickers were reported in a group, the prompt, your number and the group's title: the owner of the bot sees them; two days, even after /forget;
    • your last { $history } prompts for /history, what you chose in /settings, the names of your packs, the words and emoji by which your stickers are found: until you say /forget;
    • if the owner of the bot has shut you out, your user number and the reason: until they let you in, even after /forget.

    Your user number and name come from Telegram with every message; the name is used for the title of a pack only. I keep nothing else, and give nothing to anybody. The packs themselves are kept by Telegram.

## In any chat: «@bot кот»

# On the button above nothing: one line, up to 40 characters.
inline-none-yet = No stickers yet. 🎨 Draw the first
inline-not-found-draw = Nothing found. 🎨 Draw it?
inline-not-found = Nothing found. Open the bot's chat
draw-this = Shall I draw «{ $prompt }»?
draw-it = 🎨 Draw it

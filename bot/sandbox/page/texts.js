// The texts of the page in both of its languages.

const TEXTS = {
  ru: {
    language: "Язык Telegram",
    packs: "Наборы",
    close: "Закрыть",
    messages: "Сообщения",
    down: "К последнему сообщению",
    commands: "Команды",
    message: "Сообщение",
    attach: "Приложить",
    send: "Отправить",
    ownPhoto: "🖼️ Своё фото",
    photo: "🏞️ Фото",
    sendFromPack: "🗂️ Из набора",
    foreignSticker: "🙂 Чужой стикер",
    what: "Что умеет этот бот?",
    start: "Начать",
    noDescription: "Напишите ему, и он ответит.",
    noPacks: "Наборов пока нет. То, что вы оставите себе, появится здесь.",
    noSuchPack: "Такого набора нет",
    bot: "бот · песочница",
    connecting: "соединение…",
    notSent: "Не отправлено: песочница не отвечает",
    today: "Сегодня",
    you: "Вы",
    photoReply: "Фото",
    stickerReply: "Стикер",
    photoAlt: "Фото",
    stickers: ["стикер", "стикера", "стикеров"],
    emoji: ["эмодзи", "эмодзи", "эмодзи"],
    of: "из",
    foreignPack: "чужой набор",
    oneOf: { regular: "Стикер", mask: "Маска", custom_emoji: "Эмодзи" },
    sendSticker: "Отправить",
    reply: "Ответить",
    edit: "Изменить",
    copy: "Копировать",
    openPack: "Показать набор",
    copied: "Скопировано",
    editing: "Изменение",
    edited: "изменено",
    cancel: "Отменить",
    via: "через",
    added: "{who} добавляет {whom}",
    service: "Событие",
    results: "Что предлагает бот",
    chats: "Чаты",
    whoAreYou: "Кто вы",
    people: { 1001: "Саша", 1002: "Аня" },
    newGroup: "Новая группа",
    newGroupHint: "Саша, Аня и бот",
    groupTitle: "Друзья",
    messageMenu: "Сообщение",
  },
  en: {
    language: "Telegram's language",
    packs: "Packs",
    close: "Close",
    messages: "Messages",
    down: "To the latest message",
    commands: "Commands",
    message: "Message",
    attach: "Attach",
    send: "Send",
    ownPhoto: "🖼️ Your photo",
    photo: "🏞️ Photo",
    sendFromPack: "🗂️ From a pack",
    foreignSticker: "🙂 Foreign sticker",
    what: "What can this bot do?",
    start: "Start",
    noDescription: "Write to it, and it will answer.",
    noPacks: "No packs yet. What you keep will appear here.",
    noSuchPack: "There is no such pack",
    bot: "bot · sandbox",
    connecting: "connecting…",
    notSent: "Not sent: the sandbox does not answer",
    today: "Today",
    you: "You",
    photoReply: "Photo",
    stickerReply: "Sticker",
    photoAlt: "Photo",
    stickers: ["sticker", "stickers", "stickers"],
    emoji: ["emoji", "emoji", "emoji"],
    of: "of",
    foreignPack: "not yours",
    oneOf: { regular: "Sticker", mask: "Mask", custom_emoji: "Emoji" },
    sendSticker: "Send",
    reply: "Reply",
    edit: "Edit",
    copy: "Copy",
    openPack: "Show the pack",
    copied: "Copied",
    editing: "Editing",
    edited: "edited",
    cancel: "Cancel",
    via: "via",
    added: "{who} adds {whom}",
    service: "Event",
    results: "What the bot offers",
    chats: "Chats",
    whoAreYou: "Who are you",
    people: { 1001: "Sasha", 1002: "Anya" },
    newGroup: "New group",
    newGroupHint: "Sasha, Anya, and the bot",
    groupTitle: "Friends",
    messageMenu: "Message",
  },
};

const SHOWN_AS = { text: "textContent", label: "ariaLabel", placeholder: "placeholder" };

let current = localStorage.getItem("language") === "en" ? "en" : "ru";

export const language = () => current;

export const text = (key) => TEXTS[current][key];

/** "5 стикеров": the number with the right form of a word. */
export function counted(words, count) {
  const forms = { one: 0, few: 1, many: 2, other: 2 };
  const form = forms[new Intl.PluralRules(current).select(count)];
  return `${count} ${TEXTS[current][words][form]}`;
}

/** Switch the language of everything marked with data-text, data-label or data-placeholder. */
export function speak(chosen) {
  current = chosen;
  localStorage.setItem("language", chosen);
  document.documentElement.lang = chosen;
  for (const [mark, property] of Object.entries(SHOWN_AS)) {
    for (const element of document.querySelectorAll(`[data-${mark}]`)) {
      element[property] = TEXTS[chosen][element.dataset[mark]];
    }
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.ariaPressed = String(button.dataset.language === chosen);
  }
}

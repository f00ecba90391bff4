// One message as an element. An edit changes only the parts that differ, so nothing flickers.

import { USER, customEmojiUrl, fileUrl, inGroup } from "./api.js";
import { language, text } from "./texts.js";

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const PACK_LINK = /^(?:https?:\/\/)?t\.me\/add(?:stickers|emoji)\/(\w+)/i;
const START_LINK = /^(?:(?:https?:\/\/)?t\.me\/|tg:\/\/resolve\?domain=)(\w+)[?&]start=([\w-]+)$/i;
const COLOURS = 6; // of names in a group
const TICKS = "M1.5 6.5 5 10l6.5-8M8.5 9.5 9 10l6.5-8";

/** The present content of each part of a message, to tell whether an edit changes it. */
const shown = new WeakMap();

export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function createMessage(message, actions) {
  if (message.new_chat_members) return createService(message);
  const bubble = createElement("div", { className: "bubble" });
  bubble.append(part("sender"), part("reply"), part("media"), part("text"), part("time", "time"));
  const element = createElement("article", {}, bubble, part("keyboard"));
  element.dataset.messageId = message.message_id;
  element.dataset.sender = message.from.id;
  updateMessage(element, message, actions);
  return element;
}

export function updateMessage(element, message, actions) {
  if (message.new_chat_members) return;
  element.className = `message ${isOwn(message) ? "out" : "in"} ${kind(message)}`;
  change(element, "sender", senderOf(message), createSender);
  change(element, "reply", message.reply_to_message, createReply);
  changeMedia(element, message);
  const words = message.text ?? message.caption ?? message.document?.file_name;
  const entities = message.entities ?? message.caption_entities ?? [];
  change(element, "text", words && { words, entities }, () =>
    createText(words, entities, actions));
  change(element, "time", timeOf(message), createTime);
  element.querySelector(".time").classList.toggle("edited", timeOf(message).edited);
  change(element, "keyboard", message.reply_markup?.inline_keyboard, (rows) =>
    rows.map((row) => createRow(row, message, actions)));
}

/** Join neighbours by the same sender: a name stands above the first, a tail below the last. */
export function join(element) {
  const { previousElementSibling: before, nextElementSibling: after } = element;
  for (const one of [before, element, after]) {
    if (!one?.classList.contains("message")) continue;
    const sender = one.dataset.sender;
    one.toggleAttribute("data-first", one.previousElementSibling?.dataset.sender !== sender);
    one.toggleAttribute("data-last", one.nextElementSibling?.dataset.sender !== sender);
  }
}

/** A summary of a message, for quotes. */
export function summary(message) {
  return message.text ?? message.caption ?? message.document?.file_name
    ?? text(message.sticker ? "stickerReply" : message.photo ? "photoReply" : "service");
}

export const nameOf = (person) => (person.id === USER ? text("you") : person.first_name);

const isOwn = (message) => message.from.id === USER;

function kind(message) {
  if (message.sticker) return "sticker-message";
  if (message.photo) return "photo-message";
  const [entity, ...others] = message.entities ?? [];
  const alone = entity?.length === message.text?.length && others.length === 0;
  return alone && entity.type === "custom_emoji" ? "emoji-message" : "text-message";
}

/** "Саша добавляет Эмоджич": a service message. */
function createService(message) {
  const added = message.new_chat_members.map((member) => member.first_name).join(", ");
  const words = text("added").replace("{who}", message.from.first_name).replace("{whom}", added);
  const element = createElement("p", { className: "day service" }, words);
  element.dataset.messageId = message.message_id;
  return element;
}

function senderOf(message) {
  const name = inGroup && !isOwn(message) ? message.from.first_name : "";
  const via = message.via_bot ? `${text("via")} @${message.via_bot.username}` : "";
  return name || via ? { name, via, bot: message.from.is_bot, id: message.from.id } : undefined;
}

function createSender({ name, via, bot, id }) {
  const parts = name ? [createElement("b", {}, name)] : [];
  if (via) parts.push(createElement("span", {}, via));
  if (name) parts.push(createAvatar(name, bot, id));
  const sender = createElement("div", { className: `colour-${id % COLOURS}` }, ...parts);
  return sender;
}

/** A round picture: the bot's own, or the first letter of a name. */
export function createAvatar(name, bot, id = 0) {
  if (bot) return createElement("img", { className: "avatar", src: "/page/icon.svg", alt: "" });
  const avatar = createElement("span", { className: `avatar letter colour-${Math.abs(id) % COLOURS}` },
    [...name][0]);
  avatar.ariaHidden = "true";
  return avatar;
}

const part = (name, tag = "div") => createElement(tag, { className: name, hidden: true });

function change(element, name, content, create) {
  const target = element.querySelector(`.${name}`);
  const key = JSON.stringify(content) ?? "";
  if (shown.get(target) === key) return;
  shown.set(target, key);
  target.hidden = !content;
  target.replaceChildren(...(content ? [create(content)].flat() : []));
}

async function changeMedia(element, message) {
  const target = element.querySelector(".media");
  const file = message.sticker ?? message.photo?.at(-1);
  const key = file?.file_unique_id ?? "";
  if ((shown.get(target) ?? "") === key) return;
  shown.set(target, key);
  target.hidden = !file;
  if (!file) return target.replaceChildren();
  const image = createImage(file, message.sticker?.emoji ?? text("photoAlt"));
  if (target.firstChild) await image.decode().catch(() => {}); // until it is loaded, the old one stays
  if (shown.get(target) === key) target.replaceChildren(image);
}

export function createImage(file, alt) {
  return createElement("img", { src: fileUrl(file), alt, width: file.width, height: file.height });
}

function timeOf(message) {
  const edited = message.edit_date && !message.from.is_bot;
  return { date: message.date, own: isOwn(message), edited: Boolean(edited) };
}

function createTime({ date, own, edited }) {
  const label = new Date(date * 1000).toLocaleTimeString(language(), CLOCK);
  return [edited ? `${text("edited")} ${label}` : label, ...(own ? [createTicks()] : [])];
}

function createTicks() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 17 12");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", TICKS);
  svg.append(path);
  return svg;
}

function createReply(message) {
  return [createElement("b", {}, nameOf(message.from)), createElement("span", {}, summary(message))];
}

/** The text, cut where an entity begins or ends; offsets count UTF-16 units, as JavaScript does. */
function createText(words, entities, actions) {
  const ends = entities.flatMap(({ offset, length }) => [offset, offset + length]);
  const cuts = [...new Set([0, ...ends, words.length])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index];
    return entities
      .filter(({ offset, length }) => offset <= start && end <= offset + length)
      .reduceRight((inside, entity) => wrap(inside, entity, words, actions),
        document.createTextNode(words.slice(start, end)));
  });
}

function wrap(inside, entity, words, actions) {
  const covered = words.slice(entity.offset, entity.offset + entity.length);
  if (entity.type === "url") return createLink(covered, inside, actions);
  if (entity.type === "bot_command") {
    const command = createElement("button", { type: "button", className: "command" }, inside);
    command.onclick = () => actions.command(covered);
    return command;
  }
  if (entity.type === "custom_emoji") {
    const src = customEmojiUrl(entity.custom_emoji_id);
    return createElement("img", { className: "emoji", src, alt: covered });
  }
  return createElement("span", {}, inside);
}

function createLink(url, inside, actions) {
  const link = createElement("a", { target: "_blank", rel: "noopener noreferrer" }, inside);
  follow(link, url, actions);
  return link;
}

/** Make a link lead to a URL: packs and the bot open on the page, other sites in a new tab. */
function follow(link, url, actions) {
  const address = /^\w+:/.test(url) ? url : `https://${url}`;
  if (/^https?:/i.test(address)) link.href = address;
  if (!PACK_LINK.test(url) && !START_LINK.test(url)) return;
  link.onclick = (event) => {
    event.preventDefault();
    open(url, actions);
  };
}

/** Open a t.me link from the bot. */
export function open(url, actions) {
  const pack = PACK_LINK.exec(url)?.[1];
  const start = START_LINK.exec(url)?.[2];
  if (pack) actions.openPack(pack);
  else if (start) actions.start(start);
}

function createRow(row, message, actions) {
  const buttons = row.map((button) =>
    button.url ? createUrlButton(button, actions) : createButton(button, message, actions));
  return createElement("div", { className: "row" }, ...buttons);
}

function createButton(button, message, actions) {
  const { text: label, style, callback_data: data } = button;
  const element = createElement("button", { type: "button", className: style ?? "" }, label);
  const inline = button.switch_inline_query_current_chat;
  if (data !== undefined) {
    element.dataset.data = data;
    element.onclick = () => actions.tap(element, message.message_id, data);
  } else if (button.copy_text) {
    element.onclick = () => actions.copy(button.copy_text.text);
  } else if (inline !== undefined) {
    element.onclick = () => actions.writeInline(inline);
  } else {
    element.onclick = () => actions.shareInline(button.switch_inline_query);
  }
  return element;
}

function createUrlButton({ text: label, url, style }, actions) {
  const link = createLink(url, label, actions);
  link.className = `button url ${style ?? ""}`;
  return link;
}

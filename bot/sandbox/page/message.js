// One message as an element. An edit changes only the parts that differ, so nothing flickers.

import { fileUrl } from "./api.js";
import { language, text } from "./texts.js";

const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  spoiler: "span",
};
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const PACK_LINK = /^(?:https?:\/\/)?t\.me\/add(?:stickers|emoji)\/(\w+)/i;
const TICKS = "M1.5 6.5 5 10l6.5-8M8.5 9.5 9 10l6.5-8";

/** What each part of a message shows now, to tell whether an edit changes it. */
const shown = new WeakMap();

export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function createMessage(message, actions) {
  const bubble = createElement("div", { className: "bubble" });
  bubble.append(part("reply"), part("media"), part("text"), createTime(message));
  const element = createElement("article", {}, bubble, part("keyboard"));
  element.dataset.messageId = message.message_id;
  updateMessage(element, message, actions);
  return element;
}

export function updateMessage(element, message, actions) {
  element.className = `message ${message.from.is_bot ? "in" : "out"} ${kind(message)}`;
  change(element, "reply", message.reply_to_message, createReply);
  changeMedia(element, message);
  const words = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities ?? [];
  change(element, "text", words && { words, entities }, () =>
    createText(words, entities, actions));
  change(element, "keyboard", message.reply_markup?.inline_keyboard, (rows) =>
    rows.map((row) => createRow(row, message, actions)));
}

const kind = (message) =>
  message.sticker ? "sticker-message" : message.photo ? "photo-message" : "text-message";

const part = (name) => createElement("div", { className: name, hidden: true });

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
  if (target.firstChild) await image.decode().catch(() => {}); // keep the old one until it is here
  if (shown.get(target) === key) target.replaceChildren(image);
}

export function createImage(file, alt) {
  return createElement("img", { src: fileUrl(file), alt, width: file.width, height: file.height });
}

function createTime({ date, from }) {
  const moment = new Date(date * 1000);
  const label = moment.toLocaleTimeString(language(), CLOCK);
  const time = createElement("time", { dateTime: moment.toISOString() }, label);
  if (!from.is_bot) time.append(createTicks());
  return time;
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
  const words = message.text ?? message.caption
    ?? text(message.sticker ? "stickerReply" : "photoReply");
  const who = message.from.is_bot ? message.from.first_name : text("you");
  return [createElement("b", {}, who), createElement("span", {}, words)];
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
  if (entity.type === "text_link") return createLink(entity.url, inside, actions);
  if (entity.type === "bot_command") {
    const command = createElement("button", { type: "button", className: "command" }, inside);
    command.onclick = () => actions.say(covered);
    return command;
  }
  return createElement(TAGS[entity.type] ?? "span", {}, inside);
}

function createLink(url, inside, actions) {
  const link = createElement("a", { target: "_blank", rel: "noopener noreferrer" }, inside);
  follow(link, url, actions);
  return link;
}

/** Where a link or a button with a URL leads: a pack opens here, the rest in a new tab. */
function follow(link, url, actions) {
  const address = /^\w+:/.test(url) ? url : `https://${url}`;
  if (/^https?:/i.test(address)) link.href = address;
  const pack = PACK_LINK.exec(url)?.[1];
  if (!pack) return;
  link.onclick = (event) => {
    event.preventDefault();
    actions.openPack(pack);
  };
}

function createRow(row, message, actions) {
  const buttons = row.map((button) =>
    button.url ? createUrlButton(button, actions) : createButton(button, message, actions));
  return createElement("div", { className: "row" }, ...buttons);
}

function createButton({ text: label, callback_data: data, style }, message, actions) {
  const button = createElement("button", { type: "button", className: style ?? "" }, label);
  button.dataset.data = data;
  button.onclick = () => actions.tap(button, message.message_id, data);
  return button;
}

function createUrlButton({ text: label, url, style }, actions) {
  const link = createLink(url, label, actions);
  link.className = `button url ${style ?? ""}`;
  return link;
}

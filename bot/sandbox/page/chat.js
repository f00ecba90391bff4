// The chat: shows the state of the sandbox. The user's actions are in composer.js and menu.js.

import * as api from "./api.js";
import { names, openChats } from "./chats.js";
import * as composer from "./composer.js";
import { showInline } from "./inline.js";
import { canEdit, watchMessages } from "./menu.js";
import { createAvatar, createElement, createMessage, join, open, updateMessage } from "./message.js";
import { loadPacks, openPack, watchPacks } from "./packs.js";
import { language, speak, text } from "./texts.js";

const find = (selector) => document.querySelector(selector);
const [scroll, messages, status, toast, down] =
  ["#scroll", "#messages", "#status", "#toast", "#down"].map(find);

const TOAST_MS = 3500;
const ANSWER_MS = 30000; // no button stays busy forever

const shown = new Map(); // the messages by their id

let bot;
let group; // {chat, members} when the page shows a group
let toastTimer;
let atEnd = true;

const actions = {
  command: (words) => composer.send({ text: words }),
  start: composer.start,
  reply: composer.startReply,
  edit: composer.startEdit,
  tap,
  copy,
  openPack: showPack,
  writeInline: (words) => composer.write(`@${bot.user.username} ${words}`),
  shareInline: (words) => openChats(bot, `@${bot.user.username} ${words}`),
};

// Show the state of the sandbox

const elementOf = (id) => messages.querySelector(`[data-message-id="${id}"]`);

function showMessage(message) {
  shown.set(message.message_id, message);
  const element = elementOf(message.message_id);
  if (element) {
    updateMessage(element, message, actions);
    return join(element);
  }
  showDay(message.date);
  messages.append(createMessage(message, actions));
  join(messages.lastElementChild);
  if (message.from.is_bot) showStatus();
  if (message.from.id === api.USER) atEnd = true; // the user's own new message is always in view
  find("#empty").hidden = true;
  keepAtEnd();
}

function removeMessage(id) {
  shown.delete(id);
  const element = elementOf(id);
  const neighbour = element?.nextElementSibling ?? element?.previousElementSibling;
  element?.remove();
  if (neighbour) join(neighbour);
}

function showDay(date) {
  const moment = new Date(date * 1000);
  const day = moment.toDateString();
  if (messages.dataset.day === day) return;
  messages.dataset.day = day;
  const today = day === new Date().toDateString();
  const label = today
    ? text("today")
    : moment.toLocaleDateString(language(), { day: "numeric", month: "long" });
  messages.append(createElement("p", { className: "day" }, label));
}

async function load() {
  await loadBot();
  await Promise.all([loadPacks(), loadGroup(), loadChat()]);
  showStatus();
}

async function loadChat() {
  const current = await api.getChat();
  const ids = new Set(current.map((message) => message.message_id));
  for (const id of [...shown.keys()]) {
    if (!ids.has(id)) removeMessage(id);
  }
  current.forEach(showMessage);
  find("#empty").hidden = api.inGroup || shown.size > 0;
}

async function loadBot() {
  bot = await api.getBot();
  composer.setBot(bot);
  find("#description").textContent = bot.description || text("noDescription");
}

async function loadGroup() {
  const chats = api.inGroup ? await api.getChats() : [];
  group = chats.find(({ chat }) => chat.id === api.CHAT);
  const title = group?.chat.title ?? bot.user.first_name;
  document.title = find("#title").textContent = title;
  find("#open-chats .avatar").replaceWith(createAvatar(title, !group));
}

function showStatus() {
  status.textContent = group ? names([...group.members, bot.user]) : text("bot");
}

function showAnswer({ chat_id: chat, message_id: id, data, answer }) {
  if (chat !== api.CHAT) return;
  for (const button of elementOf(id)?.querySelectorAll(".keyboard button") ?? []) {
    if (button.dataset.data === data) setBusy(button, false);
  }
  if (answer.url) open(answer.url, actions);
  if (!answer.text) return;
  if (!answer.show_alert) return showToast(answer.text);
  find("#alert p").textContent = answer.text;
  find("#alert").showModal();
}

function showToast(words) {
  clearTimeout(toastTimer);
  toast.textContent = words;
  toast.hidden = false;
  toastTimer = setTimeout(() => (toast.hidden = true), TOAST_MS);
}

const events = {
  message: ({ message }) => showMessage(message),
  deleted: ({ message_id: id }) => removeMessage(id),
  force_reply: ({ message, placeholder }) => composer.startReply(message, placeholder),
  answer: ({ tap: answered }) => showAnswer(answered),
  inline: ({ query }) => showInline(query),
  packs: loadPacks,
  bot: loadBot,
};

function showEvent(event) {
  if (event.chat_id === undefined || event.chat_id === api.CHAT) return events[event.type](event);
}

// Actions of the user

async function attempt(call) {
  try {
    await call();
    return true;
  } catch {
    showToast(text("notSent"));
    return false;
  }
}

async function tap(button, messageId, data) {
  if (button.ariaBusy === "true") return;
  setBusy(button, true);
  setTimeout(setBusy, ANSWER_MS, button, false);
  if (!(await attempt(() => api.tap(messageId, data)))) setBusy(button, false);
}

function setBusy(button, busy) {
  button.ariaBusy = String(busy);
}

async function showPack(name) {
  if (!(await openPack(name))) showToast(text("noSuchPack"));
}

async function copy(words) {
  await navigator.clipboard.writeText(words);
  showToast(text("copied"));
}

function keepAtEnd() {
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function watchScrolling() {
  scroll.onscroll = () => {
    atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
    down.hidden = atEnd;
  };
  down.onclick = () => scroll.scrollTo({ top: scroll.scrollHeight, behavior: "smooth" });
  const resized = new ResizeObserver(keepAtEnd);
  resized.observe(messages);
  resized.observe(scroll);
}

function watchLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.onclick = () => {
      speak(button.dataset.language);
      messages.replaceChildren();
      shown.clear();
      delete messages.dataset.day;
      load();
    };
  }
}

speak(language());
status.textContent = text("connecting");
composer.watchComposer(attempt, () => [...shown.values()].findLast(canEdit));
watchMessages(messages, ({ dataset }) => shown.get(Number(dataset.messageId)), actions);
watchPacks((fileId) => composer.send({ sticker_file_id: fileId }));
watchScrolling();
watchLanguage();
find("#open-chats").onclick = () => openChats(bot);
api.listen({
  opened: load,
  event: showEvent,
  closed: () => (status.textContent = text("connecting")),
});
const draft = new URLSearchParams(location.search).get("draft");
if (draft) composer.write(draft);
else if (matchMedia("(hover: hover)").matches) find("#prompt").focus();

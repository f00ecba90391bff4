// The chat: keeps the page in step with the sandbox, and sends what the user does.

import * as api from "./api.js";
import { createElement, createMessage, updateMessage } from "./message.js";
import { loadPacks, openPack } from "./packs.js";
import { language, speak, text } from "./texts.js";

const find = (selector) => document.querySelector(selector);
const [scroll, messages, prompt, status] = ["#scroll", "#messages", "#prompt", "#status"].map(find);
const [commands, attachments, toast, down] =
  ["#commands", "#attachments", "#toast", "#down"].map(find);

const ACTION_MS = 5000; // Telegram shows a chat action for this long
const TOAST_MS = 3500;
const ANSWER_MS = 30000; // no button stays busy for ever

let bot = { commands: [] };
let actionTimer;
let toastTimer;
let atEnd = true;

// Showing what the sandbox says

const actions = { say: send, tap, openPack: showPack };

const elementOf = (id) => messages.querySelector(`[data-message-id="${id}"]`);

function showMessage(message) {
  const element = elementOf(message.message_id);
  if (element) return updateMessage(element, message, actions);
  showDay(message.date);
  messages.append(createMessage(message, actions));
  if (message.from.is_bot) showStatus();
  else atEnd = true; // what one writes oneself is always in view
  find("#empty").hidden = true;
  keepAtEnd();
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
  await Promise.all([loadBot(), loadPacks(), loadChat()]);
  showStatus();
}

async function loadChat() {
  const current = await api.getChat();
  const ids = new Set(current.map((message) => String(message.message_id)));
  for (const element of messages.querySelectorAll(".message")) {
    if (!ids.has(element.dataset.messageId)) element.remove();
  }
  current.forEach(showMessage);
  find("#empty").hidden = messages.querySelector(".message") !== null;
}

async function loadBot() {
  bot = await api.getBot();
  document.title = find("#bot-name").textContent = bot.user.first_name;
  find("#description").textContent = bot.description || text("noDescription");
  find("#menu").hidden = bot.commands.length === 0;
}

function showStatus(action) {
  clearTimeout(actionTimer);
  const doing = action && (text(action) ?? text("typing"));
  status.textContent = doing ?? text("bot");
  status.classList.toggle("busy", Boolean(doing));
  if (doing) actionTimer = setTimeout(showStatus, ACTION_MS);
}

function showAnswer({ message_id: id, data, answer }) {
  for (const button of elementOf(id)?.querySelectorAll(".keyboard button") ?? []) {
    if (button.dataset.data === data) setBusy(button, false);
  }
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

function showEvent(event) {
  if (event.type === "message") showMessage(event.message);
  else if (event.type === "deleted") elementOf(event.message_id)?.remove();
  else if (event.type === "action") showStatus(event.action);
  else if (event.type === "answer") showAnswer(event.tap);
  else if (event.type === "packs") return loadPacks();
  else if (event.type === "bot") return loadBot();
}

// Sending what the user does

async function send(words) {
  await attempt(() => api.say({ text: words }));
}

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

async function submit() {
  const words = prompt.value.trim();
  if (!words) return;
  setPrompt("");
  if (!(await attempt(() => api.say({ text: words })))) setPrompt(words);
}

function setPrompt(words) {
  prompt.value = words;
  prompt.dispatchEvent(new Event("input"));
}

// The composer and its menus

function showCommands() {
  const typed = /^\/(\w*)$/.exec(prompt.value);
  const fitting = typed ? bot.commands.filter(({ command }) => command.startsWith(typed[1])) : [];
  commands.hidden = fitting.length === 0;
  commands.replaceChildren(...fitting.map(createCommand));
}

function createCommand({ command, description }) {
  const item = createElement("button", { type: "button", role: "menuitem" },
    createElement("b", {}, `/${command}`), createElement("span", {}, description));
  item.onclick = () => {
    setPrompt("");
    prompt.focus();
    send(`/${command}`);
  };
  return item;
}

function showAttachments(open) {
  attachments.hidden = !open;
  find("#attach").ariaExpanded = String(open);
}

function keepAtEnd() {
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function watchComposer() {
  find("#composer").onsubmit = (event) => {
    event.preventDefault();
    submit();
    prompt.focus();
  };
  prompt.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  prompt.oninput = () => {
    prompt.style.height = "auto";
    prompt.style.height = `${prompt.scrollHeight}px`;
    showCommands();
  };
  find("#menu").onclick = () => {
    setPrompt(prompt.value === "/" ? "" : "/");
    prompt.focus();
  };
  find("#start").onclick = () => send("/start");
}

function watchAttachments() {
  find("#attach").onclick = () => showAttachments(attachments.hidden);
  for (const item of attachments.children) {
    item.onclick = () => {
      showAttachments(false);
      attempt(() => api.say({ [item.dataset.attach]: true }));
    };
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".attach")) showAttachments(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") showAttachments(false);
  });
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
      delete messages.dataset.day;
      load();
    };
  }
}

speak(language());
status.textContent = text("connecting");
watchComposer();
watchAttachments();
watchScrolling();
watchLanguage();
api.listen({
  opened: load,
  event: showEvent,
  closed: () => (status.textContent = text("connecting")),
});
if (matchMedia("(hover: hover)").matches) prompt.focus();

// The box at the bottom, in which users write, edit and answer, and its menus.

import * as api from "./api.js";
import { typeInline, watchInline } from "./inline.js";
import { createElement, summary, nameOf } from "./message.js";
import { showPanel } from "./packs.js";
import { text } from "./texts.js";

const find = (selector) => document.querySelector(selector);
const [form, prompt, about, commands, attachments, file] =
  ["#composer", "#prompt", "#about", "#commands", "#attachments", "#file"].map(find);

let bot; // as /sandbox/bot describes it
let attempt;
let subject; // {kind: "reply" | "edit", message} of the next text

/** `trying` runs a call and returns whether it succeeded; arrow-up edits the message `lastOwn`. */
export function watchComposer(trying, lastOwn) {
  attempt = trying;
  form.onsubmit = (event) => {
    event.preventDefault();
    submit();
    prompt.focus();
  };
  const edge = new ResizeObserver(() => {
    const height = form.offsetHeight + about.offsetHeight;
    form.parentElement.style.setProperty("--below", `${height}px`);
  });
  [form, about].forEach((part) => edge.observe(part));
  prompt.onkeydown = (event) => {
    if (event.key === "ArrowUp" && !prompt.value && lastOwn()) {
      event.preventDefault();
      return startEdit(lastOwn());
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  prompt.oninput = () => {
    prompt.style.height = "auto";
    prompt.style.height = `${prompt.scrollHeight}px`;
    showCommands();
    typeInline(prompt.value, bot?.user.username);
  };
  find("#menu").onclick = () => write(prompt.value === "/" ? "" : "/");
  find("#start").onclick = () => send({ text: "/start" });
  about.querySelector("button").onclick = cancel;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    cancel();
    showAttachments(false);
  });
  watchAttachments();
  watchInline({ choose, start });
}

export function setBot(described) {
  bot = described;
  find("#menu").hidden = bot.commands.length === 0;
}

/** Send content, as a reply if the user is writing a reply. */
export async function send(content) {
  const answered = subject;
  const reply = answered?.kind === "reply" ? { reply_to: answered.message.message_id } : {};
  const sent = await attempt(() => api.say({ ...content, ...reply }));
  if (sent && subject === answered) cancel(); // unless the bot has asked something else meanwhile
  return sent;
}

/** Put words into the box. */
export function write(words) {
  setPrompt(words);
  prompt.focus();
}

export function startReply(message, placeholder = "") {
  begin({ kind: "reply", message }, nameOf(message.from));
  if (placeholder) prompt.placeholder = placeholder;
}

export function startEdit(message) {
  begin({ kind: "edit", message }, text("editing"));
  write(message.text ?? message.caption ?? "");
}

/** Follow t.me/bot?start=parameter: it opens the chat with the bot, and starts it. */
export async function start(parameter) {
  const words = { text: `/start ${parameter}`.trim(), chat_id: api.USER };
  if ((await attempt(() => api.say(words))) && api.inGroup) {
    location.assign(`?user_id=${api.USER}`);
  }
}

/** A command as Telegram's apps send it; in a group it names the bot. */
export const command = (name) => (api.inGroup ? `/${name}@${bot.user.username}` : `/${name}`);

function begin(next, title) {
  cancel();
  subject = next;
  about.querySelector("b").textContent = title;
  about.querySelector("span").textContent = summary(next.message);
  about.hidden = false;
  prompt.focus();
}

function cancel() {
  if (subject?.kind === "edit") setPrompt("");
  subject = undefined;
  about.hidden = true;
  prompt.placeholder = text("message");
}

async function submit() {
  const words = prompt.value.trim();
  if (!words) return;
  if (subject?.kind === "edit") return finishEdit(words);
  setPrompt("");
  if (!(await send({ text: words }))) setPrompt(words);
}

async function finishEdit(words) {
  const { message } = subject;
  const same = words === (message.text ?? message.caption);
  if (same || (await attempt(() => api.edit(message.message_id, words)))) cancel();
}

async function choose(queryId, resultId) {
  const replyTo = subject?.kind === "reply" ? subject.message.message_id : 0;
  if (!(await attempt(() => api.choose(queryId, resultId, replyTo)))) return;
  setPrompt("");
  cancel();
}

function setPrompt(words) {
  prompt.value = words;
  prompt.dispatchEvent(new Event("input"));
}

// Menus

function showCommands() {
  const typed = /^\/(\w*)$/.exec(prompt.value);
  const known = bot?.commands ?? [];
  const fitting = typed ? known.filter((one) => one.command.startsWith(typed[1])) : [];
  commands.hidden = fitting.length === 0;
  commands.replaceChildren(...fitting.map(createCommand));
}

function createCommand({ command: name, description }) {
  const item = createElement("button", { type: "button", role: "menuitem" },
    createElement("b", {}, `/${name}`), createElement("span", {}, description));
  item.onclick = () => {
    write("");
    send({ text: command(name) });
  };
  return item;
}

/** Send a picture with the words in the box as its caption. */
async function sendWithCaption(picture) {
  const caption = subject?.kind === "edit" ? "" : prompt.value.trim();
  if ((await send({ ...picture, caption })) && caption) setPrompt("");
}

function showAttachments(open) {
  attachments.hidden = !open;
  find("#attach").ariaExpanded = String(open);
}

function watchAttachments() {
  find("#attach").onclick = () => showAttachments(attachments.hidden);
  for (const item of attachments.children) {
    item.onclick = () => {
      showAttachments(false);
      if (item.dataset.attach === "pack") showPanel(true);
      else if (item.dataset.attach === "file") file.click();
      else if (item.dataset.attach === "photo") sendWithCaption({ photo: true });
      else send({ [item.dataset.attach]: true });
    };
  }
  file.onchange = () => {
    const reader = new FileReader();
    reader.onload = () => sendWithCaption({ file: reader.result.split(",")[1] }); // base64
    if (file.files.length) reader.readAsDataURL(file.files[0]);
    file.value = ""; // so that the same file can be chosen again
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".attach")) showAttachments(false);
  });
}

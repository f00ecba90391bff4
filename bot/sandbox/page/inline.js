// Inline mode: the results of the bot above the box for "@bot words".

import * as api from "./api.js";
import { createElement, createImage } from "./message.js";

const PAUSE_MS = 300; // a query waits until the user pauses typing
const NEAR_END = 80; // px from the last result: then the page asks for more

const panel = document.querySelector("#inline");

let timer;
let question; // the query whose results are shown or awaited
let early; // an answer that came before the page knew the number of its query
let queries = 0; // number of queries that the user has begun to type
let chosen = () => {};

/** Call `choose` with the query's and the result's id, or `start` with a start parameter. */
export function watchInline(actions) {
  chosen = actions;
  panel.onscroll = () => {
    const left = panel.scrollHeight - panel.scrollTop - panel.clientHeight;
    const more = question?.answer?.next_offset;
    if (more && left < NEAR_END) ask(question.query, more);
  };
}

/** The text in the box has changed. */
export function typeInline(words, username) {
  clearTimeout(timer);
  const typed = /^@(\w+)\s([^]*)$/.exec(words);
  if (typed?.[1].toLowerCase() !== username?.toLowerCase() || !username) return hide();
  timer = setTimeout(ask, PAUSE_MS, typed[2], "");
}

/** The bot has answered a query. */
export function showInline(answered) {
  if (answered.id !== question?.id) return void (early = answered);
  const { results, button } = answered.answer;
  question = answered;
  if (!answered.offset) panel.replaceChildren(...(button ? [createButton(button)] : []));
  panel.append(...results.map((result) => createResult(answered.id, result)));
  panel.hidden = panel.childElementCount === 0;
}

async function ask(words, offset) {
  const number = ++queries;
  const asked = await api.ask(words, offset);
  if (number !== queries) return; // the user has changed the query meanwhile
  question = asked;
  const answered = early?.id === asked.id ? early : asked;
  if (answered.answer) showInline(answered);
}

function hide() {
  queries += 1;
  question = undefined;
  panel.hidden = true;
}

function createButton({ text, start_parameter: parameter }) {
  const button = createElement("button", { type: "button", className: "start" }, text);
  button.onclick = () => {
    hide();
    chosen.start(parameter);
  };
  return button;
}

function createResult(queryId, result) {
  const { sticker } = result.content;
  const inside = sticker && result.type === "sticker"
    ? [createImage(sticker, sticker.emoji ?? "")]
    : [createElement("b", {}, result.title ?? result.content.text),
       createElement("span", {}, result.description ?? "")];
  const button = createElement("button", { type: "button", className: result.type }, ...inside);
  button.onclick = () => {
    hide();
    chosen.choose(queryId, result.id);
  };
  return button;
}

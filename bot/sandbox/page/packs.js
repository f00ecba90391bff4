// The panel of sticker packs, and one sticker shown large.

import { USER, fileUrl, getPacks } from "./api.js";
import { createElement, createImage } from "./message.js";
import { counted, text } from "./texts.js";

const FULL = { regular: 120, mask: 120, custom_emoji: 200 };

const panel = document.querySelector("#packs");
const list = panel.querySelector(".list");
const toggle = document.querySelector("#toggle-packs");
const count = document.querySelector("#sticker-count");
const viewer = document.querySelector("#viewer");

let foreign; // the name of another user's pack that the panel shows

/** `send` is called with a sticker that the user wants to send. */
export function watchPacks(send) {
  toggle.onclick = () => showPanel(panel.hidden);
  document.querySelector("#close-packs").onclick = () => showPanel(false);
  viewer.onclick = () => viewer.close();
  viewer.querySelector("button").onclick = () => {
    showPanel(false);
    send(viewer.dataset.fileId);
  };
}

export async function loadPacks() {
  const packs = await getPacks();
  const own = packs.filter((pack) => pack.user_id === USER);
  const total = own.reduce((sum, pack) => sum + pack.stickers.length, 0);
  count.textContent = total;
  count.hidden = total === 0;
  const shown = packs.filter((pack) => pack.user_id === USER || is(pack, foreign));
  panel.querySelector(".none").hidden = shown.length > 0;
  list.replaceChildren(...shown.map(createPack));
}

/** Open the panel at a pack of any user; false if no pack has this name. */
export async function openPack(name) {
  foreign = name;
  await loadPacks();
  const found = [...list.children].find((pack) => is(pack.dataset, name));
  if (!found) return false;
  showPanel(true);
  found.scrollIntoView({ block: "start" });
  found.classList.add("found");
  found.addEventListener("animationend", () => found.classList.remove("found"), { once: true });
  return true;
}

export function showPanel(open) {
  panel.hidden = !open;
  toggle.ariaExpanded = String(open);
  (open ? panel.querySelector("#close-packs") : toggle).focus({ preventScroll: true });
}

const is = (pack, name) => pack.name.toLowerCase() === name?.toLowerCase();

function createPack(pack) {
  const emoji = pack.sticker_type === "custom_emoji";
  const link = `t.me/${emoji ? "addemoji" : "addstickers"}/${pack.name}`;
  const words = emoji ? "emoji" : "stickers";
  const size = `${counted(words, pack.stickers.length)} ${text("of")} ${FULL[pack.sticker_type]}`;
  const owner = pack.user_id === USER ? [] : [createElement("span", {}, text("foreignPack"))];
  const head = createElement("header", {}, ...createCover(pack), createElement("div", {},
    createElement("h3", {}, pack.title, ...owner),
    createElement("p", { className: "link" }, link),
    createElement("p", { className: "count" }, size)));
  const grid = createElement("div", { className: `grid ${pack.sticker_type}` },
    ...pack.stickers.map((sticker) => createSticker(sticker, pack)));
  const section = createElement("section", { className: "pack" }, head, grid);
  section.dataset.name = pack.name;
  return section;
}

/** The icon of a pack: its first sticker. */
function createCover({ stickers }) {
  const picture = stickers[0];
  return picture ? [createElement("img", { src: fileUrl(picture), alt: "" })] : [];
}

function createSticker(sticker, pack) {
  const image = createImage(sticker, sticker.emoji ?? text("oneOf")[pack.sticker_type]);
  image.loading = "lazy";
  const button = createElement("button", { type: "button", className: "sticker" }, image);
  button.onclick = () => view(sticker, pack);
  return button;
}

function view(sticker, pack) {
  const [emoji, keywords] = viewer.querySelectorAll("p");
  viewer.querySelector("img").src = fileUrl(sticker);
  viewer.ariaLabel = text("oneOf")[pack.sticker_type];
  viewer.querySelector("h3").textContent = pack.title;
  emoji.textContent = sticker.emoji_list.join(" ");
  keywords.textContent = sticker.keywords.join(", ");
  viewer.dataset.fileId = sticker.file_id;
  viewer.showModal();
}

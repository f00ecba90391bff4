// The panel of sticker packs, and one sticker shown large.

import { fileUrl, getPacks } from "./api.js";
import { createElement, createImage } from "./message.js";
import { stickers, text } from "./texts.js";

const panel = document.querySelector("#packs");
const list = panel.querySelector(".list");
const toggle = document.querySelector("#toggle-packs");
const count = document.querySelector("#sticker-count");
const viewer = document.querySelector("#viewer");

toggle.onclick = () => showPanel(panel.hidden);
document.querySelector("#close-packs").onclick = () => showPanel(false);
viewer.onclick = () => viewer.close();

export async function loadPacks() {
  const packs = await getPacks();
  const total = packs.reduce((sum, pack) => sum + pack.stickers.length, 0);
  count.textContent = total;
  count.hidden = total === 0;
  panel.querySelector(".none").hidden = packs.length > 0;
  list.replaceChildren(...packs.map(createPack));
}

/** Open the panel at a pack; false if there is none of this name. */
export async function openPack(name) {
  await loadPacks();
  const found = [...list.children].find(
    (pack) => pack.dataset.name.toLowerCase() === name.toLowerCase());
  if (!found) return false;
  showPanel(true);
  found.scrollIntoView({ block: "start" });
  found.classList.add("found");
  found.addEventListener("animationend", () => found.classList.remove("found"), { once: true });
  return true;
}

function showPanel(open) {
  panel.hidden = !open;
  toggle.ariaExpanded = String(open);
  (open ? panel.querySelector("#close-packs") : toggle).focus({ preventScroll: true });
}

function createPack(pack) {
  const link = `t.me/addstickers/${pack.name}`;
  const grid = createElement("div", { className: "grid" }, ...pack.stickers.map(createSticker));
  const section = createElement("section", { className: "pack" },
    createElement("h3", {}, pack.title),
    createElement("p", { className: "link" }, link),
    createElement("p", { className: "count" }, stickers(pack.stickers.length)),
    grid);
  section.dataset.name = pack.name;
  return section;
}

function createSticker(sticker) {
  const image = createImage(sticker, sticker.emoji ?? text("stickerReply"));
  image.loading = "lazy";
  const button = createElement("button", { type: "button", className: "sticker" }, image);
  button.onclick = () => view(sticker);
  return button;
}

function view(sticker) {
  viewer.querySelector("img").src = fileUrl(sticker);
  viewer.querySelector("p").textContent = sticker.emoji ?? "";
  viewer.showModal();
}

// The actions on a message: by a long press, a right click, a double click.

import { USER } from "./api.js";
import { createElement } from "./message.js";
import { text } from "./texts.js";

const LONG_PRESS_MS = 450;
const MOVED = 10; // px: a finger that moves further scrolls, and does not press

const menu = document.querySelector("#message-menu");

export const canEdit = (message) =>
  message.from.id === USER && Boolean(message.text ?? message.photo) && !message.via_bot;

/** Watch a list of messages; `find` returns the message of an element, `actions` acts on it. */
export function watchMessages(list, find, actions) {
  const messageAt = (event) => {
    const element = event.target.closest(".message");
    return element && !event.target.closest("a, button") ? find(element) : undefined;
  };
  list.ondblclick = (event) => {
    const message = messageAt(event);
    if (message) (canEdit(message) ? actions.edit : actions.reply)(message);
  };
  list.oncontextmenu = (event) => {
    const message = messageAt(event);
    if (!message) return;
    event.preventDefault();
    openMenu(message, event.clientX, event.clientY, actions);
  };
  watchLongPress(list, (event) => {
    const message = messageAt(event);
    if (message) openMenu(message, event.clientX, event.clientY, actions);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) closeMenu();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenu();
  });
}

/** Safari on a phone has no contextmenu event for a long press. */
function watchLongPress(list, pressed) {
  let timer;
  let start;
  list.addEventListener("pointerdown", (event) => {
    clearTimeout(timer);
    if (event.pointerType !== "touch") return;
    start = event;
    timer = setTimeout(pressed, LONG_PRESS_MS, event);
  });
  list.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > MOVED) {
      clearTimeout(timer);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    list.addEventListener(end, () => clearTimeout(timer));
  }
}

function openMenu(message, x, y, actions) {
  const items = [["reply", () => actions.reply(message)]];
  if (canEdit(message)) items.push(["edit", () => actions.edit(message)]);
  if (message.text) items.push(["copy", () => actions.copy(message.text)]);
  if (message.sticker?.set_name) {
    items.push(["openPack", () => actions.openPack(message.sticker.set_name)]);
  }
  menu.replaceChildren(...items.map(([name, act]) => createItem(text(name), act)));
  menu.hidden = false;
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - menu.offsetHeight - 8))}px`;
}

function createItem(label, act) {
  const item = createElement("button", { type: "button", role: "menuitem" }, label);
  item.onclick = () => {
    closeMenu();
    act();
  };
  return item;
}

function closeMenu() {
  menu.hidden = true;
}

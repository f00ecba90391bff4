// The sheet of chats: chooses the user of the page, one of two, and the chat.

import { CHAT, USER, gather, getChats } from "./api.js";
import { createAvatar, createElement } from "./message.js";
import { text } from "./texts.js";

const PEOPLE = [1001, 1002]; // as bot/sandbox/actions.py names them

const sheet = document.querySelector("#chats");
const people = sheet.querySelector(".people");
const list = sheet.querySelector(".list");

sheet.onclick = (event) => {
  if (event.target === sheet) sheet.close();
};

/** Open the sheet; a draft moves into the chosen chat. */
export async function openChats(bot, draft = "") {
  const groups = (await getChats()).filter(({ chat }) => chat.type !== "private");
  people.replaceChildren(...PEOPLE.map((id) => createPerson(id)));
  list.replaceChildren(
    createRow(bot.user.first_name, text("bot"), true, link({ chat: USER, draft }), CHAT === USER),
    ...groups.map(({ chat, members }) =>
      createRow(chat.title, names(members), false, link({ chat: chat.id, draft }), CHAT === chat.id)),
    ...(groups.length ? [] : [createNewGroup(draft)]),
  );
  if (!sheet.open) sheet.showModal();
}

export const names = (members) => members.map((person) => person.first_name).join(", ");

/** The address of a chat; a change of the user keeps a group, but no other user's private chat. */
function link({ user = USER, chat = CHAT, draft = "" }) {
  const query = new URLSearchParams({ user_id: user });
  if (chat < 0) query.set("chat_id", chat);
  if (draft) query.set("draft", draft);
  return `?${query}`;
}

function createPerson(id) {
  const person = createElement("a", { href: link({ user: id }) }, text("people")[id]);
  if (id === USER) person.ariaCurrent = "true";
  return person;
}

function createRow(title, subtitle, isBot, href, current) {
  const row = createElement("a", { href, className: "chat" }, createAvatar(title, isBot),
    createElement("b", {}, title), createElement("span", {}, subtitle));
  if (current) row.ariaCurrent = "page";
  return row;
}

function createNewGroup(draft) {
  const row = createRow(text("newGroup"), text("newGroupHint"), false, "", false);
  row.onclick = async (event) => {
    event.preventDefault();
    const group = await gather(text("groupTitle"), PEOPLE);
    location.assign(link({ chat: group.id, draft }));
  };
  return row;
}

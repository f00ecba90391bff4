// The routes of the sandbox that the page calls, in place of a Telegram app's own server.

import { language } from "./texts.js";

const query = new URLSearchParams(location.search);

/** The user of the page, and the chat that it shows: private, or a group. */
export const USER = Number(query.get("user_id")) || 1001;
export const CHAT = Number(query.get("chat_id")) || USER;
export const inGroup = CHAT !== USER;

const HERE = `user_id=${USER}&chat_id=${CHAT}`;
const ORIGIN = location.origin.replace(/^http/, "ws");
const RECONNECT_MS = 1000;

async function request(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function post(path, body) {
  const here = { user_id: USER, chat_id: CHAT, language_code: language() };
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...here, ...body }),
  });
}

/**
 * Send {text}, {file} in base64 or {photo: true} with a {caption}, {foreign_sticker: true} or
 * {sticker_file_id}; reply_to beside it.
 */
export const say = (content) => post("/sandbox/message", content);
export const edit = (messageId, text) => post("/sandbox/edit", { message_id: messageId, text });
export const tap = (messageId, data) => post("/sandbox/tap", { message_id: messageId, data });
export const ask = (words, offset) => post("/sandbox/inline", { query: words, offset });
export const choose = (queryId, resultId, replyTo) =>
  post("/sandbox/choose", { query_id: queryId, result_id: resultId, reply_to: replyTo });
export const gather = (title, userIds) => post("/sandbox/group", { title, user_ids: userIds });

export const getChats = () => request(`/sandbox/chats?${HERE}`);
export const getChat = () => request(`/sandbox/chat?${HERE}`);
/** The sticker sets of all users, each with its owner's user_id. */
export const getPacks = () => request("/sandbox/packs");
export const getBot = () => request(`/sandbox/bot?${HERE}&language_code=${language()}`);
export const fileUrl = (file) => `/sandbox/file/${file.file_unique_id}`;
export const customEmojiUrl = (id) => `/sandbox/custom_emoji/${id}`;

/**
 * Listen to changes forever: `opened` is awaited first on every connection, so that it can load
 * what was missed; then come the events, in their order.
 */
export function listen({ opened, event, closed }) {
  const socket = new WebSocket(`${ORIGIN}/sandbox/events?user_id=${USER}`);
  let queue = new Promise((resolve) => (socket.onopen = resolve)).then(opened);
  socket.onmessage = ({ data }) => {
    queue = queue.then(() => event(JSON.parse(data))).catch(console.error);
  };
  socket.onclose = () => {
    closed();
    setTimeout(listen, RECONNECT_MS, { opened, event, closed });
  };
}

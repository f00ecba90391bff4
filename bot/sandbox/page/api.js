// The sandbox's HTTP side: everything a Telegram app would ask its own server for.

import { language } from "./texts.js";

const USER = Number(new URLSearchParams(location.search).get("user_id")) || 1001;
const ORIGIN = location.origin.replace(/^http/, "ws");
const RECONNECT_MS = 1000;

async function request(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, user_id: USER, language_code: language() }),
  });
}

/** Send {text}, {photo: true} or {sticker: true}. */
export const say = (content) => post("/sandbox/message", content);
export const tap = (messageId, data) => post("/sandbox/tap", { message_id: messageId, data });
export const getChat = () => request(`/sandbox/chat?user_id=${USER}`);
export const getPacks = () => request(`/sandbox/packs?user_id=${USER}`);
export const getBot = () =>
  request(`/sandbox/bot?user_id=${USER}&language_code=${language()}`);
export const fileUrl = (file) => `/sandbox/file/${file.file_unique_id}`;

/**
 * Listen to changes for ever: `opened` is awaited first on every connection, so that it can load
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

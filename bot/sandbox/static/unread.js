// Which chats hold something their reader has not seen. What was there when the page opened counts as seen.

import { isRecalled } from "./words.js";

const seen = new Map();
let started = false;

/** Count everything in the first snapshot as seen by everybody. */
export function startUnread(world) {
  if (started) return;
  started = true;
  for (const [key, chat] of world.chats) {
    for (const side of ["customer", "staff"]) seen.set(`${side}/${key}`, chat.messages.length);
  }
}

/** Note that `reader` sees `chat` now. A reader is a side, or a side and a person in chats of many. */
export function markSeen(reader, chat) {
  if (chat && document.visibilityState === "visible") seen.set(`${reader}/${chat.key}`, chat.messages.length);
}

/** Whether `chat` holds an unseen message that `reader` did not write (`own(message)`). */
export function isUnread(reader, chat, own) {
  const from = seen.get(`${reader}/${chat.key}`) ?? seen.get(`${reader.split(":")[0]}/${chat.key}`) ?? 0;
  if (from >= chat.messages.length) return false;
  return chat.messages.slice(from).some((m) => m.from !== "event" && !isRecalled(m) && !own(m));
}

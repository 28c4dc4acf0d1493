// The shape of the world and how each kind of event changes it.

import { epoch } from "./words.js";

/** Keys of chats, the same in the snapshot and in events. */
export const chatKey = {
  kf: (c) => `kf:${c.open_kfid}:${c.external_userid}`,
  private: (c) => `private:${c.userid}:${c.external_userid}`,
  app: (c) => `app:${c.userid}:${c.agentid}`,
  aibot: (c) => `aibot:${c.userid}:${c.aibotid}`,
  group: (c) => `group:${c.chat_id}`,
  internal: (c) => `internal:${c.chatid}`,
  robot: (c) => `robot:${c.key}`,
};

const CHAT_LISTS = {
  kf: "kf_sessions", private: "private_chats", app: "app_chats", aibot: "aibot_chats",
  group: "groups", internal: "internal_chats", robot: "robots",
};

const LISTS = [
  "apps", "aibots", "staff", "customers", "kf_accounts", "contact_ways", "join_ways", "mass_tasks", "slots", "faults",
];

/** Kinds of chat that need no more than their key's fields: the first message makes them. */
const SELF_MADE = new Set(["kf", "private", "app", "aibot"]);

/** The snapshot, with every chat under its key in `chats` and customers' names in `nicknames`. */
export function arranged(snapshot) {
  const next = { ...snapshot, now: epoch(snapshot.now), readAt: performance.now(), chats: new Map() };
  for (const name of LISTS) next[name] = snapshot[name] || [];
  next.nicknames = new Map(next.customers.map((c) => [c.external_userid, c.nickname]));
  for (const [kind, list] of Object.entries(CHAT_LISTS)) {
    for (const chat of snapshot[list] || []) {
      const key = chatKey[kind](chat);
      next.chats.set(key, { ...chat, key, kind, messages: chat.messages || [] });
    }
  }
  return next;
}

/** Event type -> change(world, data), which returns false when the world must be read anew. */
export const CHANGES = {
  kf_message: (world, data) => addMessage(world, "kf", data),
  private_message: (world, data) => addMessage(world, "private", data),
  app_message: (world, data) => addMessage(world, data.aibotid ? "aibot" : "app", data),
  group_message: (world, data) => addMessage(world, "group", data),
  internal_message: (world, data) => addMessage(world, data.chatid ? "internal" : "robot", data),
  kf_session: (world, data) => (data.external_userid ? changeSession(world, data) : changeServicer(world, data)),
  mass_task: (world, { task }) => put(world.mass_tasks, task, (t) => t.msgid === task.msgid),
  contact: changeContact,
  tag: changeTag,
  clock: changeClock,
};

/** The chat an event speaks of, made when it is the first to; null when its name and members are not known yet. */
function chatFor(world, kind, { message, ...fields }) {
  const key = chatKey[kind](fields);
  if (!world.chats.has(key) && SELF_MADE.has(kind)) world.chats.set(key, { ...fields, key, kind, messages: [] });
  return world.chats.get(key) || null;
}

function addMessage(world, kind, data) {
  const chat = chatFor(world, kind, data);
  const message = data.message;
  if (!chat || !message) return false;
  const messages = chat.messages;
  let at = messages.length; // ids only grow, so the place is near the end
  while (at > 0 && messages[at - 1].id > message.id) at -= 1;
  const known = at > 0 && messages[at - 1].id === message.id;
  messages.splice(known ? at - 1 : at, known ? 1 : 0, message);
  return true;
}

function changeSession(world, data) {
  Object.assign(chatFor(world, "kf", data), data);
  return true;
}

function changeServicer(world, { open_kfid, servicer_userid, status }) {
  const account = world.kf_accounts.find((a) => a.open_kfid === open_kfid);
  const servicer = account?.servicers.find((s) => s.userid === servicer_userid);
  if (!servicer) return false;
  servicer.status = status;
  return true;
}

/** A group's members, a customer's friends, or a live code (those are read anew). */
function changeContact(world, data) {
  if (data.chat_id) return changeMember(world, data);
  if (!data.external_userid) return false;
  world.nicknames.set(data.external_userid, data.nickname);
  return put(world.customers, data, (c) => c.external_userid === data.external_userid);
}

/** Which tags a customer has from one of the staff; a change of the tags themselves is read anew. */
function changeTag(world, data) {
  if (!data.external_userid) return false;
  return put(world.tags.marked, data, (m) => m.external_userid === data.external_userid && m.userid === data.userid);
}

function changeMember(world, { chat_id, change, member }) {
  const group = world.chats.get(chatKey.group({ chat_id }));
  if (!group) return false;
  group.members = group.members.filter((m) => m.id !== member);
  if (change === "add_member") group.members.push({ id: member, kind: "customer" });
  return true;
}

/** Replace the item that `same` finds by one that also has `item`'s fields, or add it. */
function put(list, item, same) {
  const at = list.findIndex(same);
  if (at >= 0) list[at] = { ...list[at], ...item };
  else list.push(item);
  return true;
}

function changeClock(world, { now }) {
  world.now = epoch(now);
  world.readAt = performance.now();
  return true;
}

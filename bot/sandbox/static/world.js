// What the page knows of the sandbox: one snapshot, kept current by events. Views read it and are told when it moved.

import { ask } from "./net.js";
import { epoch } from "./words.js";

const RESYNC_DELAY_MS = 150;
const CALLS_KEPT = 200;

let world = null;
let waiting = []; // events that came before the snapshot did
let reading = null; // the reading under way
let resyncTimer = null;
let drawing = false;
const views = [];

/** The world as last heard, or null before the first snapshot. Views never change it. */
export const current = () => world;

/** API calls and callbacks, oldest first, at most the last 200. */
export const calls = [];

/** Run `view(world)` once a frame after anything changed. */
export const onChange = (view) => views.push(view);

/** Tell the views to draw again, after a choice of the reader's for instance. */
export function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (world) for (const view of views) view(world);
  });
}

/** The sandbox's present time in epoch seconds. */
export const now = () => (world ? world.now + (performance.now() - world.readAt) / 1000 : Date.now() / 1000);

/** Read the whole world anew. Events that arrive meanwhile are applied after it. Raises ControlError. */
export function resync() {
  reading ??= read().finally(() => (reading = null));
  return reading;
}

async function read() {
  waiting ??= [];
  try {
    world = arranged(await ask("GET", "world"));
  } finally {
    if (world) {
      const held = waiting;
      waiting = null;
      for (const [type, data] of held) apply(type, data);
    }
  }
  redraw();
}

function resyncSoon() {
  if (resyncTimer) return;
  resyncTimer = setTimeout(() => {
    resyncTimer = null;
    resync().catch(resyncSoon);
  }, RESYNC_DELAY_MS);
}

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

function arranged(snapshot) {
  const next = { ...snapshot, now: epoch(snapshot.now), readAt: performance.now(), chats: new Map() };
  for (const name of LISTS) next[name] = snapshot[name] || [];
  for (const [kind, list] of Object.entries(CHAT_LISTS)) {
    for (const chat of snapshot[list] || []) {
      const key = chatKey[kind](chat);
      next.chats.set(key, { ...chat, key, kind, messages: chat.messages || [] });
    }
  }
  return next;
}

const EVENTS = {
  kf_message: (data) => addMessage("kf", data),
  private_message: (data) => addMessage("private", data),
  app_message: (data) => addMessage(data.aibotid ? "aibot" : "app", data),
  group_message: (data) => addMessage("group", data),
  internal_message: (data) => addMessage(data.chatid ? "internal" : "robot", data),
  kf_session: (data) => (data.external_userid ? changeSession(data) : changeServicer(data)),
  mass_task: changeTask,
  contact: changeContact,
  tag: changeTag,
  clock: changeClock,
  call: (data) => addCall("call", data),
  callback: (data) => addCall("callback", data),
};

export const EVENT_TYPES = Object.keys(EVENTS);

/** Take in one event. What cannot be placed exactly is read anew from the sandbox. */
export function apply(type, data) {
  if (waiting) {
    waiting.push([type, data]);
    return;
  }
  if (!EVENTS[type](data)) resyncSoon();
  redraw();
}

/** The chat an event speaks of, made when it is the first to; null when its name and members are not known yet. */
function chatFor(kind, { message, ...fields }) {
  const key = chatKey[kind](fields);
  if (!world.chats.has(key) && SELF_MADE.has(kind)) world.chats.set(key, { ...fields, key, kind, messages: [] });
  return world.chats.get(key) || null;
}

function addMessage(kind, data) {
  const chat = chatFor(kind, data);
  const message = data.message;
  if (!chat || !message) return false;
  const messages = chat.messages;
  let at = messages.length - 1;
  while (at >= 0 && messages[at].id !== message.id) at -= 1;
  if (at >= 0) messages[at] = message;
  else messages.push(message);
  return true;
}

function changeSession(data) {
  Object.assign(chatFor("kf", data), data);
  return true;
}

function changeServicer({ open_kfid, servicer_userid, status }) {
  const account = world.kf_accounts.find((a) => a.open_kfid === open_kfid);
  const servicer = account?.servicers.find((s) => s.userid === servicer_userid);
  if (!servicer) return false;
  servicer.status = status;
  return true;
}

/** A group's members, a customer's friends, or a live code (those are read anew). */
function changeContact(data) {
  if (data.chat_id) return changeMember(data);
  if (!data.external_userid) return false;
  return put(world.customers, data, (c) => c.external_userid === data.external_userid);
}

/** Which tags a customer has from one of the staff; a change of the tags themselves is read anew. */
function changeTag(data) {
  if (!data.external_userid) return false;
  return put(world.tags.marked, data, (m) => m.external_userid === data.external_userid && m.userid === data.userid);
}

function changeMember({ chat_id, change, member }) {
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

function changeTask({ task }) {
  return put(world.mass_tasks, task, (t) => t.msgid === task.msgid);
}

function changeClock(data) {
  if (data.now === undefined) return false;
  world.now = epoch(data.now);
  world.readAt = performance.now();
  return true;
}

function addCall(kind, data) {
  calls.push({ kind, at: now(), number: addCall.count++, ...data });
  if (calls.length > CALLS_KEPT) calls.splice(0, calls.length - CALLS_KEPT);
  return true;
}
addCall.count = 0;

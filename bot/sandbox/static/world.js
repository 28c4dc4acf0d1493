// What the page knows of the sandbox: one snapshot, kept current by events. Views read it and are told when it moved.

import { CHANGES, arranged } from "./changes.js";
import { ask } from "./net.js";

const RESYNC_DELAY_MS = 150;
const CALLS_KEPT = 200;

let world = null;
let waiting = []; // events that came before the snapshot did
let reading = null; // the reading under way
let resyncTimer = null;
let drawing = false;
let noted = 0;
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

/** The types of event the page listens to. */
export const EVENT_TYPES = [...Object.keys(CHANGES), "call", "callback"];

/** Take in one event. What cannot be placed exactly is read anew from the sandbox. */
export function apply(type, data) {
  if (waiting) {
    waiting.push([type, data]);
    return;
  }
  if (!CHANGES[type]) note(type, data);
  else if (!CHANGES[type](world, data)) resyncSoon();
  redraw();
}

function note(kind, data) {
  calls.push({ kind, at: now(), number: (noted += 1), ...data });
  if (calls.length > CALLS_KEPT) calls.shift();
}

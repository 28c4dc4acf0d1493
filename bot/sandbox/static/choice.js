// What the reader is looking at. It lives in the address, so every state can be sent to a colleague,
// and back and forward work.

import { redraw } from "./world.js";

const DEFAULTS = { customer: "", chat: "", staff: "", tab: "kf", session: "", talk: "", why: "" };

export const choice = { ...DEFAULTS, ...read() };

function read() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/** Change what is looked at: `choose({ customer: "wm1", chat: "" })`. */
export function choose(changes) {
  Object.assign(choice, changes);
  const shown = new URLSearchParams(Object.entries(choice).filter(([name, value]) => value && value !== DEFAULTS[name]));
  const hash = `#${shown}`;
  if (hash !== location.hash) history.pushState(null, "", hash);
  redraw();
}

window.addEventListener("popstate", () => {
  Object.assign(choice, DEFAULTS, read());
  redraw();
});

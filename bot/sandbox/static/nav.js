// The bar at the bottom on a phone: which pane is on the screen, and where something waits.

import { openFaults } from "./faults.js";
import { fill, newsDot } from "./dom.js";
import { openLog } from "./log.js";

const tabs = new Map([...document.querySelectorAll(".bottom button")].map((tab) => [tab.dataset.pane, tab]));
const words = new Map([...tabs].map(([pane, tab]) => [pane, tab.textContent]));

export function mountNav() {
  for (const [pane, tab] of tabs) tab.addEventListener("click", () => go(pane));
}

function go(pane) {
  if (pane === "faults") return openFaults();
  document.body.dataset.pane = pane;
  for (const [name, tab] of tabs) {
    if (name === pane) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  openLog(pane === "log");
}

/** Show beside a pane's name whether something waits there. */
export function markNews(pane, news) {
  fill(tabs.get(pane), String(news), () => [words.get(pane), news && newsDot()]);
}

// The start: put the parts on the page, hold the line to the sandbox, draw when something changed.

import { showClock } from "./clock.js";
import { openFaults, recheckFaults, showFaults } from "./faults.js";
import { mountGuide } from "./guide.js";
import { mountLog, showLog } from "./log.js";
import { mountNav } from "./nav.js";
import { listen } from "./net.js";
import { mountPhone, showPhone } from "./phone.js";
import { mountStaff, showStaff } from "./staff.js";
import { startUnread } from "./unread.js";
import { mountWhy, showWhy } from "./why.js";
import { EVENT_TYPES, apply, current, onChange, redraw, resync } from "./world.js";

const FAULTS_RECHECK_MS = 1000;
const CATCH_UP_AGAIN_MS = 1000;
const LOST = "和沙盒断开了，正在重连。写到一半的字都在；连上后，这段时间的消息会自动补上。";
const at = (id) => document.getElementById(id);

mountPhone(at("customer"));
mountWhy(at("why"));
mountStaff(at("staff"));
mountLog(at("log"));
mountGuide(at("guide"));
mountNav();
at("open-faults").addEventListener("click", openFaults);

for (const view of [startUnread, showClock, showPhone, showWhy, showStaff, showFaults, showLog]) onChange(view);

let recheck = null;

function onEvent(type, data) {
  apply(type, data);
  if (type !== "call" || recheck) return;
  recheck = setTimeout(() => {
    recheck = null;
    if (current()) recheckFaults(current());
  }, FAULTS_RECHECK_MS);
}

async function catchUp() {
  try {
    await resync();
    line("连着", false);
  } catch {
    setTimeout(catchUp, CATCH_UP_AGAIN_MS);
  }
}

listen({ types: EVENT_TYPES, onEvent, onOpen: catchUp, onLost: () => line("断开", true) });

function line(words, lost) {
  const mark = at("line");
  if (mark.textContent === words) return;
  mark.textContent = words;
  mark.classList.toggle("broken", lost);
  at("lost").hidden = !lost;
  at("lost").textContent = lost ? LOST : "";
}

document.addEventListener("visibilitychange", redraw);

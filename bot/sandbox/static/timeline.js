// A list of messages that stays where its reader is: at the end it follows, scrolled up it holds still.
// It draws the last 200 and earlier ones on demand.

import { bubble } from "./bubble.js";
import { button, h, keyed } from "./dom.js";
import { dayOf, dayWord, epoch, eventWords, hourMinute } from "./words.js";
import { current, now } from "./world.js";

const SHOWN = 200;
const NEAR_END_PX = 40;
const GROUP_S = 120;

/**
 * `describe(message)` says how each message looks (see bubble.js, without `first`); `empty` what an empty one says.
 * Returns { el, show(key, messages) }; showing another key starts at its end.
 */
export function timeline({ label, describe, empty }) {
  const list = h("ol", { class: "messages" });
  const earlier = button("earlier", "", showEarlier, { class: "earlier", hidden: true });
  const blank = h("p", { class: "empty" });
  const scroller = h("div", { class: "scroller", tabindex: "0", role: "log", "aria-label": label }, earlier, blank, list);
  const fresh = button("newest", "", toEnd, { class: "fresh", hidden: true });
  const el = h("div", { class: "timeline" }, scroller, fresh);
  let chat = null;
  let messages = [];
  let from = 0;
  let seen = 0;
  let atEnd = true;

  scroller.addEventListener("scroll", () => {
    if (!scroller.clientHeight) return;
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    if (atEnd) seen = messages.length;
    offerNewest();
  });
  new ResizeObserver(() => atEnd && follow()).observe(scroller);

  function show(key, all) {
    if (key !== chat) {
      chat = key;
      atEnd = true;
    }
    messages = all;
    if (atEnd) {
      from = Math.max(0, messages.length - SHOWN);
      seen = messages.length;
    }
    from = Math.min(from, messages.length);
    draw();
    if (atEnd) follow();
  }

  function draw() {
    blank.hidden = messages.length > 0;
    blank.textContent = typeof empty === "function" ? empty() : empty;
    earlier.hidden = from === 0;
    earlier.textContent = `看更早的 ${Math.min(SHOWN, from)} 条（还有 ${from} 条）`;
    keyed(list, rows(), (row) => row.key, (row) => row.sign, (row) => row.make());
    offerNewest();
  }

  function rows() {
    const result = [];
    let last = null;
    for (const message of messages.slice(from)) {
      const time = epoch(message.time);
      const newDay = !last || dayOf(epoch(last.time)) !== dayOf(time);
      const gap = newDay || time - epoch(last.time) > GROUP_S;
      if (gap) result.push(timeRow(message, time));
      const first = gap || last.from !== message.from || last.sender !== message.sender;
      result.push(messageRow(message, describe(message), first));
      last = message;
    }
    return result;
  }

  function timeRow(message, time) {
    const words = `${dayWord(time, now())} ${hourMinute(time)}`;
    return { key: `${chat}/t${message.id}`, sign: words, make: () => h("li", { class: "time" }, words) };
  }

  function messageRow(message, view, first) {
    const key = `${chat}/${message.id}`;
    const sign = JSON.stringify([message, view.mine, view.name, view.role, first, view.sign]);
    if (message.from === "event") {
      return { key, sign, make: () => h("li", { class: "event" }, eventWords(current(), message)) };
    }
    return { key, sign, make: () => bubble(message, { ...view, first }) };
  }

  function showEarlier() {
    const height = scroller.scrollHeight;
    const top = scroller.scrollTop;
    from = Math.max(0, from - SHOWN);
    atEnd = false;
    draw();
    scroller.scrollTop = top + scroller.scrollHeight - height;
    if (from === 0) scroller.focus({ preventScroll: true });
  }

  function offerNewest() {
    const missed = messages.length - seen;
    fresh.hidden = atEnd || missed <= 0;
    fresh.textContent = `${missed} 条新消息`;
  }

  function toEnd() {
    atEnd = true;
    show(chat, messages);
    scroller.focus({ preventScroll: true });
  }

  function follow() {
    scroller.scrollTop = scroller.scrollHeight;
  }

  return { el, show };
}

// The live log: calls Wanzi made and callbacks it was sent, the last 200, newest first, filterable; folded by default.

import { h, keyed } from "./dom.js";
import { hourMinuteSecond } from "./words.js";
import { calls, redraw } from "./world.js";

const WENT = { dropped: "故意没送", timeout: "没等到应答" };
const opener = document.getElementById("open-log");
const filter = h("input", { type: "search", placeholder: "筛选，比如 kf/send_msg 或 45009", "aria-label": "筛选日志" });
const rows = h("tbody");
const none = h("p", { class: "empty" });
let root = null;

export function mountLog(el) {
  root = el;
  filter.addEventListener("input", redraw);
  opener.addEventListener("click", () => openLog(root.hidden));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !opener.checkVisibility()) return; // on a phone the log is a pane, not a panel
    openLog(false);
    opener.focus();
  });
  root.append(
    h("header", { class: "pane-head" }, h("h2", {}, "接口与回调"), filter),
    h("div", { class: "log-rows", tabindex: "0" }, h("table", {},
      h("thead", {}, h("tr", {}, ["时间", "方向", "什么", "结果", "用时"].map((w) => h("th", { scope: "col" }, w)))), rows), none));
}

/** Show or fold the log. */
export function openLog(shown) {
  root.hidden = !shown;
  opener.setAttribute("aria-expanded", String(shown));
  redraw();
}

export function showLog() {
  if (root.hidden) return;
  const words = filter.value.trim().toLowerCase();
  const found = calls.map(line).filter((l) => !words || l.cells.join(" ").toLowerCase().includes(words)).reverse();
  none.hidden = found.length > 0;
  none.textContent = words ? "没有对得上的。" : "还没有动静。丸子一调接口、企业微信一回调，这里就会有。";
  keyed(rows, found, (l) => l.number, () => "", ({ bad, cells }) =>
    h("tr", { class: bad ? "bad" : null }, cells.map((cell) => h("td", {}, cell))));
}

function line({ kind, number, at, api, errcode, ms, what, status, ...rest }) {
  const time = hourMinuteSecond(at);
  if (kind === "call") {
    const bad = errcode !== 0 && errcode !== undefined;
    return { number, bad, cells: [time, "丸子 → 微信", api, bad ? `errcode ${errcode}` : "成功", `${Math.round(ms ?? 0)} ms`] };
  }
  const bad = status !== 200;
  const result = typeof status === "number" ? `HTTP ${status}` : WENT[status] || status || "没有应答";
  return { number, bad, cells: [time, "微信 → 丸子", what, `${result}，第 ${rest.try} 次`, ""] };
}

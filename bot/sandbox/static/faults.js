// Things that go wrong on command: which call, how, how many times; and what is still to go wrong.

import { clockPart } from "./clock.js";
import { button, fill, h } from "./dom.js";
import { ask, post } from "./net.js";
import { attempt, openSheet } from "./sheet.js";
import { redraw, resync } from "./world.js";

const KINDS = [
  { id: "latency", word: "延迟 3 秒", spec: { kind: "latency", latency_s: 3 } },
  { id: "http500", word: "接口 500", spec: { kind: "http500" } },
  { id: "throttle", word: "限流 45009", spec: { kind: "throttle" } },
  { id: "expired_token", word: "令牌过期", spec: { kind: "expired_token" } },
  { id: "lost_answer", word: "答复丢失（做了，却没答）", spec: { kind: "lost_answer" } },
];
const APIS = [
  ["*", "所有接口"], ["kf/send_msg", "客服发消息"], ["kf/sync_msg", "拉客服消息"], ["kf/service_state/trans", "转接会话"],
  ["externalcontact/send_welcome_msg", "发欢迎语"], ["externalcontact/add_msg_template", "建群发"], ["message/send", "发应用消息"],
];

const opener = document.getElementById("open-faults");
const active = h("div", { class: "active" });

export function openFaults() {
  const kind = select("什么故障", KINDS.map(({ id, word }) => [id, word]));
  const api = select("哪个接口", APIS);
  const times = h("input", { type: "number", min: "1", max: "1000", value: "1", "aria-label": "几次" });
  const form = h("form", { class: "fault-form" },
    h("label", {}, "故障", kind), h("label", {}, "接口", api), h("label", {}, "次数", times),
    h("button", { class: "primary", "data-do": "add-fault" }, "安排这个故障"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const spec = { ...KINDS.find((k) => k.id === kind.value).spec, api: api.value, times: Number(times.value) };
    await attempt("安排故障", () => post("faults", spec));
    await attempt("刷新", resync);
  });
  openSheet("时间与故障", [
    clockPart(),
    h("section", {}, h("h3", {}, "让接口出一次错"), h("p", { class: "dim" }, "看丸子在企业微信出错时怎么办：不丢、不重、不乱答。"), form),
    h("section", {}, h("h3", {}, "还没发生完的"), active)]);
  redraw();
}

const select = (label, options) =>
  h("select", { "aria-label": label }, options.map(([value, word]) => h("option", { value }, word)));

export function showFaults(world) {
  opener.textContent = world.faults.length ? `故障 ${world.faults.length}` : "故障";
  fill(active, JSON.stringify(world.faults), () => world.faults.length
    ? [h("ul", { class: "codes" }, world.faults.map((fault) => h("li", {}, h("div", {}, h("strong", {}, kindWord(fault)),
      h("span", { class: "dim" }, `${apiWord(fault)} · ${leftWord(fault)}`))))),
      button("clear-faults", "清除全部故障", clear)]
    : h("p", { class: "dim" }, "没有安排故障，一切照常。"));
}

const kindWord = (fault) => KINDS.find((k) => k.id === fault.kind)?.word || fault.kind;
const apiWord = (fault) => APIS.find(([path]) => path === fault.api)?.[1] || fault.api;
const leftWord = ({ times, hits = 0 }) => (times === null || times === undefined ? "直到清除" : `还剩 ${times - hits} 次`);

async function clear() {
  await attempt("清除故障", () => ask("DELETE", "faults"));
  await attempt("刷新", resync);
}

/** A fault is used up by calls, and no event says so: look again, while some are pending, after calls. */
export async function recheckFaults(world) {
  if (world.faults.length === 0) return;
  const faults = await ask("GET", "faults").catch(() => null);
  if (!Array.isArray(faults)) return;
  world.faults = faults;
  redraw();
}

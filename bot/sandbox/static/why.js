// Why an answer was given, as Wanzi tells it: source, words, tags with evidence, candidates, rule. And who is asking.

import { choice, choose } from "./choice.js";
import { button, fill, h } from "./dom.js";
import { ask } from "./net.js";
import { GATES, KINDS, MODEL_OUTCOMES, MODES, SOURCES, dimensionWord, ruleWords, spanWords } from "./reasons.js";
import { customerName, epoch, hourMinuteSecond, longDay, staffName } from "./words.js";

const RETRIES = 3; // the answer may reach the phone a moment before Wanzi has noted why
const RETRY_MS = 700;

const NOTHING_ASKED =
  "点任何一条回答下面的「为什么」，这里会说明它的来处：哪一条知识、哪一条规则、认出了什么词、打了什么标签。";

const NOTHING_SHOWN = { msgid: "", state: "none" };

const panel = h("div", { class: "why-body" });
let root = null;
let opener = null;
let asked = 0;
let shown = NOTHING_SHOWN;

/** The little link under an answer; nothing for a message without a msgid. */
export function whyButton(message) {
  if (!message.msgid) return null;
  return button(`why-${message.msgid}`, "为什么", (event) => open(message.msgid, event.currentTarget), { class: "link" });
}

export function mountWhy(el) {
  root = el;
  root.append(
    h("header", { class: "pane-head" }, h("h2", {}, "为什么这样答"), button("close-why", "关上", close, { class: "narrow-only" })),
    panel);
}

export function showWhy(world) {
  const msgid = choice.why;
  document.body.classList.toggle("why-open", Boolean(msgid));
  if (msgid && msgid !== shown.msgid) load(msgid);
  if (!msgid) shown = NOTHING_SHOWN;
  const about = facts(world);
  fill(panel, JSON.stringify([shown, about]), () => [...reasons(shown), customerCard(about)]);
}

function open(msgid, from) {
  opener = from;
  shown = NOTHING_SHOWN; // asked again, also for the same message
  choose({ why: msgid });
  root.tabIndex = -1;
  root.focus({ preventScroll: true });
}

function close() {
  choose({ why: "" });
  if (!opener) return;
  const same = document.querySelectorAll(`[data-do="${CSS.escape(opener.dataset.do)}"]`);
  const visible = [opener, ...same].find((el) => el.isConnected && el.checkVisibility());
  visible?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && choice.why && !document.querySelector("dialog[open]")) close();
});

async function load(msgid) {
  const mine = (asked += 1);
  settle(msgid, { state: "loading" });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const why = await ask("GET", `why?msgid=${encodeURIComponent(msgid)}`);
      if (mine === asked) settle(msgid, { state: "known", why });
      return;
    } catch (failure) {
      if (mine !== asked) return;
      if (attempt >= RETRIES) return settle(msgid, missing(failure));
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

/** Without an answer: no note of this message (404), or nobody to ask (the sandbox then names its `wanzi_url`). */
function missing({ status, message }) {
  if (message.startsWith("wanzi_url: not set")) return { state: "failed", words: "沙盒不知道丸子在哪里" };
  if (message.startsWith("wanzi_url")) return { state: "failed", words: "丸子没有应答" };
  return status === 404 ? { state: "unknown" } : { state: "failed", words: message };
}

function settle(msgid, found) {
  shown = { msgid, ...found };
  choose({});
}

function reasons({ state, why, words }) {
  if (state === "none") return [h("p", { class: "empty" }, NOTHING_ASKED)];
  if (state === "loading") return [h("p", { class: "dim" }, "正在问丸子…")];
  if (state === "unknown") return [h("p", {}, "丸子没有这条消息的记录。可能是员工或测试脚本直接发的。")];
  if (state === "failed") return [h("p", {}, `问不到丸子：${words}。它在运行时再点一次「为什么」。`)];
  return explained(why || {});
}

function explained(why) {
  const source = why.source || {};
  return [
    part("这是", [h("p", { class: "lead" }, KINDS[why.kind] || why.kind || "没有注明")]),
    (source.title || source.id) && part("来处", [
      h("p", { class: "lead" }, source.title || source.id),
      h("p", { class: "dim" }, dotted(SOURCES[source.type] || source.type, source.title && source.id,
        source.version && `版本 ${source.version}`)),
    ]),
    why.variant?.tag && part("说法", [h("p", {}, `按“${why.variant.tag}”换的说法`)]),
    why.rule && part("规则", [h("p", {}, ruleWords(String(why.rule)))]),
    why.read_as && part("连着上文读成", [h("p", {}, `“${why.read_as}”`)]),
    why.times > 1 && part("第几次", [h("p", {}, `同一个答案第 ${why.times} 次，换了开头`)]),
    why.model && part("大模型", [h("p", {}, modelWords(why.model))]),
    why.gate && part("没让说", [h("p", {}, `${GATES[why.gate.name] || why.gate.name}：“${why.gate.words}”`)]),
    why.hushed && part("收敛", [h("p", {}, "这位客户不久前说过危险的话，不寒暄、不给菜单")]),
    why.evidence && part("凭据", [h("p", {}, `“${why.evidence}”`)]),
    why.tokens?.length > 0 && part("认出的词", [h("p", { class: "chips" }, chips(why.tokens))]),
    why.tags?.length > 0 && part("打的标签", [tagTable(why.tags)]),
    why.candidates?.length > 0 && part("比过的条目", [candidateTable(why.candidates)]),
    part("其余", [facing(why)]),
  ].filter(Boolean);
}

const modelWords = (model) =>
  dotted(model.name, MODEL_OUTCOMES[model.outcome] || model.outcome, `提示词 ${model.prompt}`,
    model.took_ms > 0 && `${model.took_ms} 毫秒`, model.blocked || model.reason);

const dotted = (...words) => words.filter(Boolean).join(" · ");

const chips = (words) => words.map((word) => h("span", { class: "chip" }, word));

const part = (title, content) => h("section", { class: "reason" }, h("h3", {}, title), content);

const aboutWhom = (tag) => tag.relation && h("span", { class: "dim" }, `，说的是${tag.relation}`);

const tagTable = (tags) =>
  h("table", {}, h("thead", {}, h("tr", {}, ["标签", "凭据", "规则"].map((w) => h("th", { scope: "col" }, w)))),
    h("tbody", {}, tags.map((t) => h("tr", {},
      h("td", {}, t.tag, h("span", { class: "dim" }, ` ${dimensionWord(t.dimension || "")}`), aboutWhom(t)),
      h("td", {}, spanWords(t.span)), h("td", {}, ruleWords(t.rule || ""))))));

const candidateTable = (candidates) =>
  h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "条目"), h("th", { scope: "col", class: "figure" }, "得分"))),
    h("tbody", {}, candidates.map((c) => h("tr", {},
      h("td", {}, c.title || c.id), h("td", { class: "figure" }, Number(c.score).toFixed(2))))));

function facing(why) {
  const at = epoch(why.created_at);
  const { mode, epoch: round } = why.conversation || {};
  const rows = [
    ["人设", why.persona], ["接口", why.api], ["写于", at && `${longDay(at)} ${hourMinuteSecond(at)}`],
    ["会话", dotted(MODES[mode] || mode, round !== undefined && `第 ${round + 1} 轮`)],
  ].filter(([, value]) => value);
  return h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** What WeCom itself knows of the chosen customer: friends among the staff, corp tags. */
function facts(world) {
  const external_userid = choice.customer || world.customers[0]?.external_userid;
  const customer = world.customers.find((c) => c.external_userid === external_userid);
  if (!customer) return null;
  return {
    name: customerName(world, external_userid), external_userid,
    friends: customer.follows.map((userid) => staffName(world, userid)),
    tags: tagsOf(world, external_userid),
  };
}

/** Names of the corp tags a customer carries, whoever of the staff set them. */
function tagsOf(world, external_userid) {
  const { groups = [], marked = [] } = world.tags || {};
  const names = new Map(groups.flatMap((group) => group.tag.map((tag) => [tag.id, tag.name])));
  const ids = marked.filter((mark) => mark.external_userid === external_userid).flatMap((mark) => mark.tag_id);
  return [...new Set(ids)].map((id) => names.get(id) || id);
}

function customerCard(about) {
  if (!about) return null;
  return h("section", { class: "reason about" }, h("h3", {}, `企业微信里的${about.name}`),
    h("dl", {},
      h("dt", {}, "好友"), h("dd", {}, about.friends.join("、") || "还没有"),
      h("dt", {}, "标签"), h("dd", { class: "chips" }, about.tags.length ? chips(about.tags) : "还没有"),
      h("dt", {}, "编号"), h("dd", { class: "dim" }, about.external_userid)));
}

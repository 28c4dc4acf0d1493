// The staff member's WeCom: who it is, and its tabs.

import { accountsOf, chatOf, internalChats, staffCustomerChats, writer } from "./chats.js";
import { choice, choose } from "./choice.js";
import { button, h, keyed } from "./dom.js";
import { markNews } from "./nav.js";
import { people } from "./people.js";
import { appTab, customersTab, internalTab, aibotTab } from "./staff_chats.js";
import { kfTab } from "./staff_kf.js";
import { massTab, pendingTasks } from "./staff_mass.js";
import { isUnread } from "./unread.js";
import { lastSaid } from "./words.js";
import { current } from "./world.js";

const TABS = [
  { id: "kf", word: "微信客服", tab: kfTab, news: waitingFor },
  { id: "mass", word: "群发助手", tab: massTab, news: (world, userid) => pendingTasks(world, userid).length },
  { id: "customers", word: "客户", tab: customersTab, news: unreadIn(staffCustomerChats) },
  { id: "app", word: "应用", tab: appTab, news: unreadIn(appChats) },
  { id: "internal", word: "内部群", tab: internalTab, news: unreadIn(internalChats) },
  { id: "aibot", word: "智能机器人", tab: aibotTab, news: () => 0 },
];

const crowd = people({ label: "选一位员工", pick: (id) => choose({ staff: id, session: "", talk: "" }) });
const bar = h("div", { class: "tabs", role: "tablist", "aria-label": "企业微信里的部分" });
const room = h("div", { class: "tab-room" });
const nobody = h("p", { class: "empty", hidden: true }, "这个沙盒里还没有员工。在世界文件的 staff 里写上几位，重新启动就有了。");

export function mountStaff(root) {
  root.append(h("header", { class: "pane-head" }, h("h2", {}, "员工的企业微信")), crowd.el, nobody, bar, room);
  room.append(...TABS.map(({ id, tab }) => {
    const panel = h("div", { class: "tab", role: "tabpanel", id: `tab-${id}`, "aria-labelledby": `to-${id}` });
    tab.mount(panel);
    return panel;
  }));
  bar.addEventListener("keydown", walk);
}

export function showStaff(world) {
  const userid = world.staff.some((s) => s.userid === choice.staff) ? choice.staff : world.staff[0]?.userid || "";
  const everybody = world.staff.map((s) => person(world, s, userid));
  crowd.show(everybody);
  markNews("staff", everybody.some((one) => one.news));
  nobody.hidden = world.staff.length > 0;
  bar.hidden = room.hidden = !userid;
  if (!userid) return;
  const chosen = TABS.find((t) => t.id === choice.tab) || TABS[0];
  for (const { id } of TABS) document.getElementById(`tab-${id}`).hidden = id !== chosen.id;
  chosen.tab.show(world, userid); // what is on the screen is seen, before the unseen is counted
  const rows = TABS.map((t) => ({ id: t.id, word: t.word, chosen: t === chosen, count: t.news(world, userid) }));
  keyed(bar, rows, (row) => row.id, (row) => JSON.stringify(row), tabButton);
}

function tabButton({ id, word, chosen, count }) {
  const label = [word, count > 0 && h("span", { class: "count" }, String(count))];
  return button(`tab-${id}`, label, () => choose({ tab: id }), {
    role: "tab", id: `to-${id}`, "aria-controls": `tab-${id}`,
    "aria-selected": String(chosen), tabindex: chosen ? "0" : "-1",
  });
}

/** Left and right walk the tabs. */
function walk(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !current()) return;
  event.preventDefault();
  const at = TABS.findIndex((t) => t.id === choice.tab);
  const next = TABS[(at + step + TABS.length) % TABS.length].id;
  choose({ tab: next });
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(`to-${next}`).focus()));
}

function person(world, { userid, name }, chosen) {
  const news = waitingFor(world, userid) + pendingTasks(world, userid).length > 0;
  return { id: userid, name, chosen: userid === chosen, news };
}

/** Sessions that wait for this person: in the pool, or own with no word of a servicer's at the end. */
function waitingFor(world, userid) {
  const served = new Set(accountsOf(world, userid).map((account) => account.open_kfid));
  let count = 0;
  for (const session of world.chats.values()) {
    if (session.kind !== "kf" || !served.has(session.open_kfid)) continue;
    const own = session.service_state === 3 && session.servicer_userid === userid;
    if (session.service_state === 2 || (own && lastSaid(session)?.from !== "servicer")) count += 1;
  }
  return count;
}

function appChats(world, userid) {
  return world.apps.map(({ agentid }) => chatOf(world, "app", { userid, agentid }));
}

/** How many of the chats that `chatsOf` lists hold something this person has not seen. */
function unreadIn(chatsOf) {
  return (world, userid) => chatsOf(world, userid).filter(
    (chat) => isUnread(`staff:${userid}`, chat, (m) => writer(world, chat, m).id === userid)).length;
}

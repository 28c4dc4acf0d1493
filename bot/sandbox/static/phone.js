// A customer's phone: choose the customer, their chats, write, tap, send stand-ins, take back.

import { faceOf } from "./bubble.js";
import { customerChats, writer } from "./chats.js";
import { choice, choose } from "./choice.js";
import { composer } from "./composer.js";
import { button, fill, h, keyed, newsDot } from "./dom.js";
import { markNews } from "./nav.js";
import { post } from "./net.js";
import { people } from "./people.js";
import { openNewCustomer, openScan } from "./scan.js";
import { attempt } from "./sheet.js";
import { timeline } from "./timeline.js";
import { isUnread, markSeen } from "./unread.js";
import { whyButton } from "./why.js";
import { epoch, isRecalled, lastSaid, oneLine, serving } from "./words.js";
import { current, now } from "./world.js";

const RECALL_S = 120; // WeChat lets a message be taken back for two minutes
const wide = matchMedia("(min-width: 1100px)"); // list and chat side by side, as in sandbox.css

/** What stands in for things a real phone would send: msgtype -> [label, content]. */
const STAND_INS = {
  image: ["图片"], // the sandbox makes picture and sound itself
  voice: ["语音"],
  location: ["位置", { latitude: 31.2304, longitude: 121.4737, name: "人民广场", address: "上海市黄浦区人民大道" }],
  link: ["链接", { title: "面膜怎么选", desc: "一篇别处看到的文章", url: "https://example.com/mask", pic_url: "" }],
};

/** How a customer goes away from a chat. */
const LEAVE = {
  private: { word: "删除好友", path: "customer/delete_staff", fields: ({ userid }) => ({ userid }) },
  group: { word: "退群", path: "group/leave", fields: ({ chat_id }) => ({ chat_id }) },
};

let chat = null; // the chat on the screen
let customer = "";

const crowd = people({ label: "选一位客户", pick: (id) => choose({ customer: id, chat: "" }) });
const list = h("ul", { class: "chats" });
const head = h("header", { class: "chat-head" });
const messages = timeline({ label: "客户看到的聊天", describe, empty: emptyWords });
const writing = composer({
  label: "以客户身份写", send,
  tools: Object.entries(STAND_INS).map(([msgtype, [label]]) => button(`send-${msgtype}`, label, () => standIn(msgtype))),
});
const screen = h("div", { class: "screen" }, head, messages.el, writing.el);
const nobody = h("p", { class: "empty", hidden: true }, "还没有客户。先点「加一位客户」，再去「扫码」，就能和品牌聊起来。");
const scan = button("scan", "扫码", () => openScan(customer), { class: "primary" });
const device = h("div", { class: "device" }, list, screen);

export function mountPhone(root) {
  root.append(
    h("header", { class: "pane-head" }, h("h2", {}, "客户的手机"),
      button("new-customer", "加一位客户", openNewCustomer),
      scan),
    crowd.el, nobody, device);
  wide.addEventListener("change", () => current() && showPhone(current()));
}

export function showPhone(world) {
  customer = world.customers.some((c) => c.external_userid === choice.customer)
    ? choice.customer : world.customers[0]?.external_userid || "";
  const chats = customerChats(world, customer);
  chat = chats.find((c) => c.key === choice.chat) || (wide.matches ? chats[0] : null) || null;
  if (chat && screen.checkVisibility()) markSeen(reader(customer), world.chats.get(chat.key));
  const news = withNews(world);
  markNews("customer", news.size > 0);
  crowd.show(world.customers.map(({ external_userid: id, nickname }) => (
    { id, name: nickname || id, chosen: id === customer, news: news.has(id) })));
  scan.disabled = !customer;
  nobody.hidden = world.customers.length > 0;
  device.hidden = !customer;
  device.dataset.screen = chat ? "chat" : "list";
  keyed(list, chats, (c) => c.key, (c) => JSON.stringify(row(world, c)), (c) => chatRow(row(world, c)));
  if (chat) showChat(world);
}

const reader = (external_userid) => `customer:${external_userid}`;
const own = (world, c, external_userid) => (m) => writer(world, c, m).id === external_userid;

/** Customers in whose chats something is unread. */
function withNews(world) {
  const found = new Set();
  for (const one of world.chats.values()) {
    const ids = one.kind === "group" ? one.members.map((m) => m.id) : [one.external_userid];
    for (const id of ids) if (id && isUnread(reader(id), one, own(world, one, id))) found.add(id);
  }
  return found;
}

const row = (world, c) => ({
  key: c.key, title: c.title, sub: c.sub, last: oneLine(lastSaid(c)), chosen: c.key === chat?.key,
  news: isUnread(reader(customer), c, own(world, c, customer)),
});

function chatRow({ key, title, sub, last, chosen, news }) {
  return h("li", {}, h("button", {
    type: "button", class: "chat", "data-do": "open", "aria-current": chosen ? "true" : null, onclick: () => open(key),
  },
  h("span", { class: "face", "aria-hidden": "true" }, faceOf(title)),
  h("span", { class: "title" }, title), h("span", { class: "last" }, last || sub),
  news && newsDot()));
}

/** Open a chat. Opening 微信客服 is an event of its own for WeCom. */
function open(key) {
  const opened = customerChats(current(), customer).find((c) => c.key === key);
  const again = key === chat?.key && choice.chat === key;
  choose({ chat: key });
  if (opened.kind !== "kf" || again) return;
  attempt("打开客服", () => post("customer/enter", { external_userid: customer, open_kfid: opened.open_kfid }));
}

function showChat(world) {
  const state = chat.kind === "kf" ? serving(chat, world) : null;
  fill(head, JSON.stringify([chat.key, chat.title, chat.sub, state]), () => [
    button("back", "返回", () => choose({ chat: "" }), { class: "back" }),
    h("h3", {}, chat.title),
    state ? h("span", { class: `state ${state.mark}` }, state.word) : h("span", { class: "dim" }, chat.sub),
    h("span", { class: "gap" }), LEAVE[chat.kind] && button("leave", LEAVE[chat.kind].word, leave, { class: "link" }),
  ]);
  messages.show(`${customer}/${chat.key}`, chat.messages);
  const kf = chat.kind === "kf";
  screen.dataset.kind = chat.kind;
  writing.show(`${customer}/${chat.key}`, { hint: kf ? "写给客服，回车发出" : "写一句，回车发出" });
}

function emptyWords() {
  return chat?.kind === "kf" ? "还没说过话。问一句“敏感肌能用面膜吗”，看它怎么答。" : "还没有消息。";
}

function describe(message) {
  const world = current();
  const { role, id, name } = writer(world, chat, message);
  const mine = role === "customer" && id === customer;
  const recallable = mine && chat.kind === "kf" && message.msgid && !isRecalled(message)
    && now() - epoch(message.time) < RECALL_S;
  return {
    mine, role, name, sign: recallable,
    actions: [
      recallable && button("recall", "撤回", () => recall(message), { class: "link" }),
      role === "bot" && whyButton(message),
    ],
    onTap: chat.kind === "kf" ? (item) => tap(item) : null,
  };
}

const kfFields = () => ({ external_userid: customer, open_kfid: chat.open_kfid });

function send(_key, text) {
  if (chat.kind === "kf") return post("customer/write", { ...kfFields(), msgtype: "text", text });
  if (chat.kind === "private") return post("customer/private", { external_userid: customer, userid: chat.userid, text });
  return post("group/write", { chat_id: chat.chat_id, member: customer, text });
}

const tap = (item) =>
  attempt("点菜单", () => post("customer/write", { ...kfFields(), msgtype: "text", text: item.content, menu_id: item.id }));

const standIn = (msgtype) =>
  attempt("发送", () => post("customer/write", { ...kfFields(), msgtype, content: STAND_INS[msgtype][1] }));

function leave() {
  const { word, path, fields } = LEAVE[chat.kind];
  return attempt(word, () => post(path, { external_userid: customer, ...fields(chat) }));
}

const recall = (message) => attempt("撤回", () => post("customer/recall", { ...kfFields(), msgid: message.msgid }));

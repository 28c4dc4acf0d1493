// One message as an element: its type decides the shape, its sender the side and the tint.

import { button, h } from "./dom.js";
import { KINDS, VIA, hourMinuteSecond, isRecalled, epoch } from "./words.js";

/** The parts of a message's content, whether it comes bare or under its msgtype as WeCom writes it. */
const partsOf = (message) => message.content?.[message.msgtype] || message.content || {};

const card = (kind, title, ...lines) =>
  h("div", { class: "card" }, h("span", { class: "kind" }, kind), title && h("strong", {}, title),
    lines.filter(Boolean).map((line) => h("span", { class: "dim" }, line)));

const SHAPES = {
  image: () => h("div", { class: "card picture" }, h("span", { class: "kind" }, "图片")),
  video: () => h("div", { class: "card picture" }, h("span", { class: "kind" }, "视频")),
  voice: () => h("div", { class: "card voice" }, h("span", { class: "kind" }, "语音")),
  file: (parts) => card("文件", parts.filename || parts.title),
  location: (parts) => card("位置", parts.name, parts.address),
  link: (parts) => card("链接", parts.title, parts.desc, parts.url),
  miniprogram: (parts) => card("小程序", parts.title, parts.pagepath || parts.page),
  business_card: (parts) => card("名片", parts.userid),
  textcard: (parts) => card("卡片", parts.title, parts.description, parts.url),
  news: (parts) => (parts.articles || []).map((a) => card("图文", a.title, a.description, a.url)),
};

/** The menu of a msgmenu: items that can be tapped are buttons, when `onTap` is given. */
function menu(message, onTap) {
  const { head, items = [], tail } = message.menu;
  return h("div", { class: "menu" },
    head && h("p", {}, head),
    h("ul", {}, items.map((item, at) =>
      h("li", {}, item.type && item.type !== "click"
        ? h("span", { class: "dim" }, item.content || item.url)
        : button(`menu-${at}`, item.content, () => onTap?.(item), { class: "item", disabled: !onTap })))),
    tail && h("p", {}, tail));
}

function body(message, onTap) {
  if (isRecalled(message)) return "这条消息已撤回";
  if (message.menu) return menu(message, onTap);
  const shape = SHAPES[message.msgtype];
  const drawn = shape ? shape(partsOf(message)) : message.text || KINDS[message.msgtype] || `[${message.msgtype}]`;
  const attached = (message.content?.attachments || []).map(attachment);
  return shape && message.text ? [message.text, drawn, attached] : [drawn, attached];
}

/** An attachment of a welcome or mass message. */
export const attachment = (item) => (SHAPES[item.msgtype] || (() => card(item.msgtype)))(item[item.msgtype] || {});

/**
 * A message as a list item.
 * view: { mine: bool, name, role: "customer"|"bot"|"human", first: bool (of its group), actions: [button], onTap }
 */
export function bubble(message, view) {
  const classes = ["msg", view.mine ? "mine" : "theirs", `by-${view.role}`];
  if (view.first) classes.push("first");
  if (message.status === "failed") classes.push("failed");
  if (isRecalled(message)) classes.push("recalled");
  const note = message.status === "failed" && h("span", { class: "note" }, `没送到${reason(message)}`);
  const via = view.role !== "customer" && VIA[message.via] && h("span", {}, VIA[message.via]);
  const under = [note, via, ...view.actions].filter(Boolean);
  return h("li", { class: classes.join(" ") },
    h("span", { class: "face", "aria-hidden": "true" }, view.first ? faceOf(view.name) : ""),
    h("div", { class: "body" },
      view.first && h("span", { class: "who" }, view.name),
      h("div", { class: "bubble", title: hourMinuteSecond(epoch(message.time)) }, body(message, view.onTap)),
      under.length > 0 && h("div", { class: "under" }, under)));
}

const reason = (message) => (message.fail_reason ? `：${message.fail_reason}` : "");

/** The first character of a name, whole even when it is an emoji. */
export const faceOf = (name) => [...(name || "?")][0];

// The codes a customer can scan, and where new customers come from.

import { chatKey } from "./changes.js";
import { choose } from "./choice.js";
import { button, h } from "./dom.js";
import { post } from "./net.js";
import { attempt, closeSheet, openSheet, say } from "./sheet.js";
import { customerName, groupName, kfName, staffName } from "./words.js";
import { current, resync } from "./world.js";

/** The sheet of all live codes, for this customer to scan one. Codes made by API are told by no event: ask first. */
export async function openScan(external_userid) {
  await attempt("看活码", resync);
  const world = current();
  openSheet(`${customerName(world, external_userid)} 扫哪一个码`, [
    part("加员工为好友", world.contact_ways.map((way) => contactWay(world, way, external_userid)),
      "还没有联系我活码。品牌在丸子里建了活码，就会出现在这里。"),
    part("进客户群", world.join_ways.map((way) => joinWay(world, way, external_userid)), "还没有入群活码。"),
    part("找微信客服", world.kf_accounts.map((account) => kfLink(world, account, external_userid)), "还没有客服账号。"),
  ]);
}

const part = (title, rows, empty) =>
  h("section", {}, h("h3", {}, title), rows.length ? h("ul", { class: "codes" }, rows) : h("p", { class: "dim" }, empty));

const code = (name, title, detail, scan, extra = null) =>
  h("li", {}, h("div", {}, h("strong", {}, title), h("span", { class: "dim" }, detail), extra),
    button(name, "扫这个码", scan));

function contactWay(world, way, external_userid) {
  const names = (way.user || []).map((userid) => staffName(world, userid)).join("、");
  const detail = [names && `加 ${names}`, way.state && `渠道 ${way.state}`].filter(Boolean).join(" · ");
  return code(`scan-${way.config_id}`, way.name || way.remark || names || way.config_id, detail,
    () => scan(external_userid, way.config_id));
}

function joinWay(world, way, external_userid) {
  const names = (way.chat_id_list || []).map((id) => groupName(world, id)).join("、");
  const detail = [`进 ${names || "群"}`, way.state && `渠道 ${way.state}`].filter(Boolean).join(" · ");
  return code(`scan-${way.config_id}`, way.name || way.remark || names || way.config_id, detail,
    () => scan(external_userid, way.config_id));
}

function kfLink(world, { open_kfid }, external_userid) {
  const scene = h("input", { type: "text", value: "sandbox", maxlength: "32", pattern: "[0-9a-zA-Z_\\-]*" });
  return code(`scan-${open_kfid}`, kfName(world, open_kfid), "客服链接",
    () => scanKf(external_userid, open_kfid, scene.value.trim()), h("label", {}, "场景值", scene));
}

async function scan(external_userid, config_id) {
  const done = await attempt("扫码", () => post("customer/scan", { external_userid, config_id }));
  if (!done) return;
  const { userid, chat_id } = done;
  const chat = userid ? chatKey.private({ userid, external_userid }) : chatKey.group({ chat_id });
  choose({ customer: external_userid, chat });
  closeSheet();
}

async function scanKf(external_userid, open_kfid, scene) {
  const done = await attempt("扫码", () => post("customer/scan_kf", { external_userid, open_kfid, scene }));
  if (!done) return;
  choose({ customer: external_userid, chat: chatKey.kf({ open_kfid, external_userid }) });
  closeSheet();
}

/** Ask for a nickname and add a customer, who is then on the screen. */
export function openNewCustomer() {
  const nickname = h("input", { type: "text", maxlength: "32", required: true, "aria-label": "昵称", placeholder: "比如：小满" });
  const form = h("form", { class: "one-line" }, nickname, h("button", { class: "primary" }, "加这位客户"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await attempt("加客户", () => post("customer/add", { nickname: nickname.value.trim() }));
    if (!done) return;
    choose({ customer: done.external_userid, chat: "" });
    closeSheet();
    say(`${nickname.value.trim()} 来了。可以先扫一个码。`);
  });
  openSheet("加一位客户", [h("p", { class: "dim" }, "给这位客户起个微信昵称。"), form]);
  nickname.focus();
}

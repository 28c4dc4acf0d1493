// 微信客服 in the staff member's WeCom: who waits, take, reply, transfer, end, accept or pause.

import { accountsOf, staffSessions, writer } from "./chats.js";
import { choice, choose } from "./choice.js";
import { composer } from "./composer.js";
import { button, fill, h, keyed } from "./dom.js";
import { post } from "./net.js";
import { attempt, closeSheet, openSheet } from "./sheet.js";
import { timeline } from "./timeline.js";
import { whyButton } from "./why.js";
import { epoch, kfName, lastSaid, oneLine, serving, staffName, waited } from "./words.js";
import { current, now } from "./world.js";

const SHOWN = 100;

let me = "";
let session = null;

const accepting = h("div", { class: "accepting" });
const blank = h("p", { class: "empty" });
const list = h("ul", { class: "sessions", "aria-label": "会话" });
const more = h("p", { class: "dim", hidden: true });
const head = h("header", { class: "chat-head" });
const messages = timeline({ label: "接待的聊天", describe, empty: "还没有消息。" });
const rule = h("p", { class: "allowed" });
const writing = composer({ label: "以客服身份回复", send: (_key, text) => post("staff/reply", { ...fields(), text }) });
const talk = h("div", { class: "talk" }, head, messages.el, rule, writing.el);

export const kfTab = {
  mount: (panel) => panel.append(accepting, blank, list, more, talk),

  show(world, userid) {
    const before = me === userid ? session?.key : null; // what is read stays, also when the order changes
    me = userid;
    const sessions = staffSessions(world, userid);
    const wanted = choice.session || before;
    session = sessions.find((s) => s.key === wanted) || sessions[0] || null;
    showAccepting(world);
    blank.hidden = sessions.length > 0;
    blank.textContent = accountsOf(world, userid).length
      ? "还没有会话。客户在左边的手机里找客服，就会出现在这里。"
      : `${staffName(world, userid)} 不是任何客服账号的接待人员。换一位员工看看。`;
    list.hidden = talk.hidden = sessions.length === 0;
    const several = accountsOf(world, userid).length > 1;
    keyed(list, sessions.slice(0, SHOWN).map((s) => row(world, s, several)), (r) => r.key, JSON.stringify, sessionRow);
    more.hidden = sessions.length <= SHOWN;
    more.textContent = `这里只列最要紧的 ${SHOWN} 个，另有 ${sessions.length - SHOWN} 个会话`;
    if (session) showTalk(world);
  },
};

function showAccepting(world) {
  const rows = accountsOf(world, me).map(({ open_kfid, name, servicers }) => ({
    open_kfid, name, on: servicers.find((s) => s.userid === me).status === 0,
  }));
  fill(accepting, JSON.stringify([me, rows]), () => rows.map(({ open_kfid, name, on }) =>
    h("div", {}, h("span", {}, name),
      button(`accepting-${open_kfid}`, on ? "接待中" : "已暂停", () => accept(open_kfid, !on),
        { role: "switch", "aria-checked": String(on), class: "switch", "aria-label": `${name}：接待` }))));
}

const accept = (open_kfid, on) =>
  attempt("改接待状态", () => post("staff/servicer", { userid: me, open_kfid, status: on ? 0 : 1 }));

function row(world, s, several) {
  const since = s.service_state === 2 ? lastFromCustomer(s) : 0;
  return {
    key: s.key, title: s.title, last: oneLine(lastSaid(s)), state: serving(s, world), chosen: s.key === session?.key,
    wait: since ? waited(since, now()) : "", account: several ? kfName(world, s.open_kfid) : "",
  };
}

const lastFromCustomer = (s) => epoch(s.messages.findLast((m) => m.from === "customer")?.time);

const sessionRow = ({ key, title, last, state, chosen, wait, account }) =>
  h("li", {}, h("button", {
    type: "button", class: "chat", "data-do": "session", "aria-current": chosen ? "true" : null,
    onclick: () => choose({ session: key }),
  },
  h("span", { class: "title" }, title, account && h("span", { class: "dim" }, ` ${account}`)),
  h("span", { class: "last" }, last),
  h("span", { class: `state ${state.mark}` }, state.word, wait && ` · ${wait}`)));

function showTalk(world) {
  const state = serving(session, world);
  const mine = session.service_state === 3 && session.servicer_userid === me;
  const other = session.service_state === 3 && !mine ? session.servicer_userid : "";
  const sign = JSON.stringify([session.key, session.title, state, mine, session.service_state, me]);
  fill(head, sign, () => [
    h("h3", {}, session.title), h("span", { class: `state ${state.mark}` }, state.word), h("span", { class: "gap" }),
    session.service_state === 2 && button("take", "接待", () => act("接待", "take"), { class: "primary" }),
    other && button("switch", `换成${staffName(world, other)}`, () => choose({ staff: other, session: session.key })),
    mine && button("transfer", "转给…", () => openTransfer()),
    mine && button("end", "结束会话", () => act("结束", "end")),
  ]);
  messages.show(session.key, session.messages);
  const blocked = !(mine || session.service_state === 4);
  rule.textContent = ruleLine(mine);
  writing.show(`staff/${me}/${session.key}`, { blocked, hint: blocked ? "现在不由你回复" : "回复客户，回车发出" });
}

/** What WeCom lets this person do in this session now. */
function ruleLine(mine) {
  if (mine) return "你在接待，机器人不说话";
  if (session.service_state === 2) return "客户在等人，点「接待」后可以回复";
  if (session.service_state === 3) return `由${staffName(current(), session.servicer_userid)}接待`;
  if (session.service_state === 4) return "会话已结束；你发一句就重新接入";
  return "机器人在接待；客户说“转人工”才轮到人";
}

const fields = () => ({ userid: me, open_kfid: session.open_kfid, external_userid: session.external_userid });

const act = (what, path, more = {}) => attempt(what, () => post(`staff/${path}`, { ...fields(), ...more }));

function openTransfer() {
  const world = current();
  const others = world.kf_accounts.find((a) => a.open_kfid === session.open_kfid).servicers.filter((s) => s.userid !== me);
  openSheet(`把 ${session.title} 转给谁`, others.length
    ? h("ul", { class: "codes" }, others.map(({ userid, status }) => h("li", {},
      h("div", {}, h("strong", {}, staffName(world, userid)), h("span", { class: "dim" }, status === 0 ? "接待中" : "已暂停")),
      button(`to-${userid}`, `转给 ${staffName(world, userid)}`, async () => {
        if (await act("转接", "transfer", { to: userid })) closeSheet();
      }))))
    : h("p", { class: "dim" }, "这个客服账号没有别的接待人员。"));
}

function describe(message) {
  const { role, name } = writer(current(), session, message);
  return { mine: role !== "customer", role, name, actions: [role === "bot" && whyButton(message)], onTap: null };
}

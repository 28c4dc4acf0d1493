// The staff member's chats: with customers, with the app, in internal groups, with the AI bot. One pattern, four tables.

import { chatOf, internalChats, staffCustomerChats, writer } from "./chats.js";
import { choice, choose } from "./choice.js";
import { composer } from "./composer.js";
import { button, h, keyed, newsDot } from "./dom.js";
import { post } from "./net.js";
import { attempt } from "./sheet.js";
import { timeline } from "./timeline.js";
import { isUnread, markSeen } from "./unread.js";
import { whyButton } from "./why.js";
import { lastSaid, oneLine } from "./words.js";
import { current } from "./world.js";

const SHOWN = 200; // chats listed at once

/**
 * A tab of chats. `chatsOf(world, userid)` lists them; `send(userid, chat, text)` writes; `hint(chat)` goes into the
 * box, null where nobody may write; `blank` says what will be here; `tools` are more actions on a chat.
 */
function chatTab({ label, chatsOf, send, blank, hint, tools = [] }) {
  let me = "";
  let chat = null;
  const none = h("p", { class: "empty" }, blank);
  const list = h("ul", { class: "sessions", "aria-label": label });
  const more = h("p", { class: "dim", hidden: true });
  const messages = timeline({ label, describe, empty: () => hint(chat) || "还没有消息。" });
  const actions = tools.map(({ name, word, when, run }) => ({ when, el: button(name, word, () => run(me, chat)) }));
  const writing = composer({
    label: `${label}：写`, send: (_key, text) => send(me, chat, text), tools: actions.map((a) => a.el),
  });
  const talk = h("div", { class: "talk" }, messages.el, writing.el);

  function describe(message) {
    const { role, id, name } = writer(current(), chat, message);
    return { mine: id === me, role, name, actions: [role === "bot" && whyButton(message)], onTap: null };
  }

  function row(world, c) {
    const news = isUnread(`staff:${me}`, c, (m) => writer(world, c, m).id === me);
    return { key: c.key, title: c.title, sub: c.sub, last: oneLine(lastSaid(c)), chosen: c.key === chat.key, news };
  }

  return {
    mount: (panel) => panel.append(none, list, more, talk),

    show(world, userid) {
      me = userid;
      const chats = chatsOf(world, userid);
      chat = chats.find((c) => c.key === choice.talk) || chats[0] || null;
      none.hidden = chats.length > 0;
      list.hidden = chats.length < 2;
      talk.hidden = !chat;
      if (!chat) return keyed(list, [], String, String, String);
      if (talk.checkVisibility()) markSeen(`staff:${me}`, world.chats.get(chat.key));
      keyed(list, chats.slice(0, SHOWN).map((c) => row(world, c)), (r) => r.key, JSON.stringify, chatRow);
      more.hidden = chats.length <= SHOWN;
      more.textContent = `这里只列前 ${SHOWN} 个，另有 ${chats.length - SHOWN} 个`;
      messages.show(`${me}/${chat.key}`, chat.messages);
      for (const { when, el } of actions) el.hidden = !when(chat);
      writing.el.hidden = hint(chat) === null;
      writing.show(`staff/${me}/${chat.key}`, { hint: hint(chat) || "" });
    },
  };
}

const chatRow = ({ key, title, sub, last, chosen, news }) =>
  h("li", {}, h("button", {
    type: "button", class: "chat", "data-do": "talk", "aria-current": chosen ? "true" : null,
    onclick: () => choose({ talk: key }),
  },
  h("span", { class: "title" }, title), h("span", { class: "last" }, last || sub),
  news && newsDot()));

export const customersTab = chatTab({
  label: "和客户的聊天", chatsOf: staffCustomerChats, hint: () => "写给客户，回车发出",
  blank: "还没有客户好友。客户在左边扫了这位员工的活码，就会出现在这里。",
  send: (userid, chat, text) => (chat.kind === "group"
    ? post("group/write", { chat_id: chat.chat_id, member: userid, text })
    : post("staff/private", { userid, external_userid: chat.external_userid, text })),
  tools: [{
    name: "delete-customer", word: "删除这位客户", when: (chat) => chat.kind === "private",
    run: (userid, { external_userid }) =>
      attempt("删除客户", () => post("staff/delete_customer", { userid, external_userid })),
  }],
});

export const appTab = chatTab({
  label: "和应用的聊天", hint: () => "写给丸子，比如：状态", blank: "这个沙盒里没有应用。",
  chatsOf: (world, userid) => world.apps.map(({ agentid, name }) => (
    { ...chatOf(world, "app", { userid, agentid }), title: name, sub: "应用" })),
  send: (userid, chat, text) => post("staff/app", { userid, agentid: chat.agentid, msgtype: "text", text }),
});

/** The AI bot that can be asked in an internal group. */
const askable = () => current().aibots[0];

export const internalTab = chatTab({
  label: "内部群", chatsOf: internalChats,
  hint: (chat) => (chat.kind === "internal" && askable() ? `@${askable().name}，回车发出` : null),
  send: (userid, chat, text) => post("aibot/write", { userid, aibotid: askable().aibotid, chatid: chat.chatid, text }),
  blank: "还没有内部群。丸子建的群聊和群机器人发的消息会出现在这里。",
});

export const aibotTab = chatTab({
  label: "智能机器人", hint: () => "问智能机器人，回车发出", blank: "这个沙盒里没有智能机器人。",
  chatsOf: (world, userid) => world.aibots.map(({ aibotid, name }) => (
    { ...chatOf(world, "aibot", { userid, aibotid }), title: name, sub: "智能机器人" })),
  send: (userid, chat, text) => post("aibot/write", { userid, aibotid: chat.aibotid, text }),
});

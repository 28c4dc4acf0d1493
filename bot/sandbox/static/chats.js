// Who sees which chats, and who wrote a message: the same chat looks different from the two sides.

import { chatKey } from "./changes.js";
import { customerName, kfName, staffName } from "./words.js";

/** The chat with these key fields, empty when nobody has written in it yet. */
export const chatOf = (world, kind, fields) => {
  const key = chatKey[kind](fields);
  return world.chats.get(key) || { kind, key, messages: [], ...fields };
};

const ofKind = (world, kind) => [...world.chats.values()].filter((chat) => chat.kind === kind);

/** A customer's chats: every kf account, the staff who are friends, the groups joined. */
export function customerChats(world, external_userid) {
  const customer = world.customers.find((c) => c.external_userid === external_userid);
  if (!customer) return [];
  const kf = world.kf_accounts.map(({ open_kfid }) => ({
    ...chatOf(world, "kf", { open_kfid, external_userid }), title: kfName(world, open_kfid), sub: "微信客服",
  }));
  const friends = world.staff.filter(({ userid }) => know(world, userid, customer)).map(({ userid, name }) => ({
    ...chatOf(world, "private", { userid, external_userid }), title: name, sub: "员工好友",
  }));
  return [...kf, ...friends, ...groupsOf(world, external_userid)];
}

/** Whether the two are friends, or were and still have their chat. */
const know = (world, userid, { external_userid, follows }) =>
  follows.includes(userid) || world.chats.has(chatKey.private({ userid, external_userid }));

const groupsOf = (world, id) =>
  ofKind(world, "group")
    .filter((group) => group.members.some((m) => m.id === id))
    .map((group) => ({ ...group, title: group.name || "未命名的群", sub: `客户群 ${group.members.length} 人` }));

/** A staff member's chats with customers: friends, and the customer groups joined. */
export function staffCustomerChats(world, userid) {
  const friends = world.customers
    .filter((customer) => know(world, userid, customer))
    .map(({ external_userid, nickname }) => ({
      ...chatOf(world, "private", { userid, external_userid }), title: nickname, sub: "好友",
    }));
  return [...friends, ...groupsOf(world, userid)];
}

/** Internal chats a staff member sees: appchats, and groups with a robot. */
export function internalChats(world, userid) {
  const chats = ofKind(world, "internal")
    .filter((chat) => chat.members.includes(userid))
    .map((chat) => ({ ...chat, title: chat.name, sub: "内部群" }));
  const robots = ofKind(world, "robot").map((robot) => ({ ...robot, title: robot.name, sub: "群机器人" }));
  return [...chats, ...robots];
}

/** kf sessions of the accounts a staff member serves: waiting first, then own, then the rest, newest last message first. */
export function staffSessions(world, userid) {
  const served = accountsOf(world, userid).map((account) => account.open_kfid);
  return ofKind(world, "kf")
    .filter((session) => served.includes(session.open_kfid))
    .map((session) => ({ ...session, title: customerName(world, session.external_userid) }))
    .sort((a, b) => rank(a, userid) - rank(b, userid));
}

const rank = (session, userid) => {
  if (session.service_state === 2) return 0;
  if (session.service_state === 3) return session.servicer_userid === userid ? 1 : 2;
  return session.service_state === 4 ? 4 : 3;
};

/** The kf accounts a staff member serves. */
export const accountsOf = (world, userid) =>
  world.kf_accounts.filter((account) => (account.servicers || []).some((s) => s.userid === userid));

/** Who wrote a message: { role: customer|bot|human, name, id }. What staff only let pass is the bot's, in their name. */
export function writer(world, chat, message) {
  if (message.from === "customer") {
    const id = message.sender || chat.external_userid;
    return { role: "customer", id, name: customerName(world, id) };
  }
  if (message.from === "servicer" || message.from === "staff") {
    const id = message.sender || chat.userid;
    const role = message.via === "welcome" || message.via === "mass" ? "bot" : "human";
    return { role, id, name: staffName(world, id) };
  }
  return { role: "bot", id: "", name: botName(world, chat) };
}

/** Under whose name the bot speaks: the account's in 微信客服, the app's, the robot's, its own. */
function botName(world, chat) {
  if (chat.kind === "kf") return kfName(world, chat.open_kfid);
  if (chat.kind === "app") return world.apps.find((a) => a.agentid === chat.agentid)?.name || "丸子";
  if (chat.kind === "robot") return chat.name;
  return "丸子";
}

// 群发助手 in the staff member's WeCom: exactly what would go out, to whom; nothing goes before it is confirmed here.

import { attachment } from "./bubble.js";
import { button, h, keyed } from "./dom.js";
import { post } from "./net.js";
import { attempt } from "./sheet.js";
import { customerName, dayWord, epoch, groupName, hourMinute } from "./words.js";
import { now } from "./world.js";

const NAMES_SHOWN = 8;
const STATUS = {
  waiting: { word: "等你确认", mark: "waiting" }, sent: { word: "已发送", mark: "done" },
  ignored: { word: "已忽略", mark: "done" }, cancelled: { word: "已被撤销", mark: "problem" },
};

let me = "";
const list = h("ul", { class: "tasks", "aria-label": "群发任务" });
const blank = h("p", { class: "empty" }, "没有要确认的群发。到了排期的钟点，丸子写好的群发会出现在这里，由你点了才发出去。可以点上面的「下一时段」试试。");

export const massTab = {
  mount: (panel) => panel.append(blank, list),

  show(world, userid) {
    me = userid;
    const shares = sharesOf(world, userid).sort((a, b) => b.task.create_time - a.task.create_time);
    blank.hidden = shares.length > 0;
    keyed(list, shares.map((one) => row(world, one)), (r) => r.msgid, JSON.stringify, taskCard);
  },
};

/** A person's shares of mass messages, each with the task it belongs to. */
const sharesOf = (world, userid) =>
  world.mass_tasks.flatMap((task) => task.shares.filter((s) => s.userid === userid).map((share) => ({ task, share })));

const statusOf = ({ task, share }) => (task.status === "cancelled" ? "cancelled" : share.status);

/** Mass messages that wait for this person's click. */
export const pendingTasks = (world, userid) => sharesOf(world, userid).filter((one) => statusOf(one) === "waiting");

function row(world, { task, share }) {
  const group = task.chat_type === "group";
  const ids = share.targets.map((target) => target.id);
  const names = ids.map((id) => (group ? groupName(world, id) : customerName(world, id)));
  const time = epoch(task.create_time);
  return {
    msgid: task.msgid, text: task.text, attachments: task.attachments, status: statusOf({ task, share }), names,
    to: group ? `${ids.length} 个群` : `${ids.length} 位客户`,
    at: `${dayWord(time, now())} ${hourMinute(time)}`,
  };
}

function taskCard({ msgid, text, attachments, status, names, to, at }) {
  const { word, mark } = STATUS[status] || { word: status, mark: "new" };
  const more = names.length > NAMES_SHOWN ? `，等 ${names.length} 个` : "";
  return h("li", { class: "task" },
    h("header", {}, h("span", { class: `state ${mark}` }, word), h("span", { class: "dim" }, at)),
    h("p", { class: "dim" }, `发给 ${to}：${names.slice(0, NAMES_SHOWN).join("、")}${more}`),
    h("div", { class: "letter" }, text && h("p", {}, text), attachments.map(attachment)),
    status === "waiting" && h("footer", {},
      button("confirm", `发送到 ${to}`, () => answer("发送", "confirm", msgid), { class: "primary" }),
      button("ignore", "忽略", () => answer("忽略", "ignore", msgid))));
}

const answer = (what, path, msgid) => attempt(what, () => post(`staff/${path}`, { userid: me, msgid }));

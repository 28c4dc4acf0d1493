// The words of the page that follow from the world: names, states, times.

const ZONE = "Asia/Shanghai"; // WeCom's own clock, wherever the reader sits
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const seconds = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const date = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "long", day: "numeric" });
const weekday = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, weekday: "short" });
const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });

/** 微信客服's service_state in words, with the class that gives it shape and colour. */
const STATES = {
  0: { word: "还没人接待", mark: "new" },
  1: { word: "机器人接待", mark: "bot" },
  2: { word: "在等待池", mark: "waiting" },
  3: { word: "人工接待", mark: "human" },
  4: { word: "已结束", mark: "done" },
};

const NOT_STARTED = { word: "还没开始", mark: "new" };

/** Who serves a session now, as one short line. */
export function serving(session, world) {
  if (!session || session.service_state === undefined) return NOT_STARTED;
  if (session.service_state === 4 && !session.messages.some((m) => m.from !== "event")) return NOT_STARTED;
  const state = STATES[session.service_state] || STATES[0];
  if (session.service_state !== 3 || !session.servicer_userid) return state;
  return { word: `人工 ${staffName(world, session.servicer_userid)}`, mark: state.mark };
}

export const staffName = (world, userid) => world.staff.find((s) => s.userid === userid)?.name || userid || "员工";

export const customerName = (world, external_userid) => world.nicknames.get(external_userid) || external_userid || "客户";

export const groupName = (world, chat_id) => world.chats.get(`group:${chat_id}`)?.name || chat_id;

export const kfName = (world, open_kfid) => world.kf_accounts.find((k) => k.open_kfid === open_kfid)?.name || open_kfid;

/** Epoch seconds of what may be a number of seconds or an ISO instant. */
export function epoch(time) {
  if (typeof time === "number") return time;
  const parsed = Date.parse(time || "");
  return Number.isNaN(parsed) ? 0 : parsed / 1000;
}

export const hourMinute = (s) => clock.format(s * 1000);
export const hourMinuteSecond = (s) => seconds.format(s * 1000);
export const dayOf = (s) => dayKey.format(s * 1000);
export const longDay = (s) => `${date.format(s * 1000)} ${weekday.format(s * 1000)}`;

/** 今天, 昨天 or 3月2日, seen from `now`. */
export function dayWord(s, now) {
  if (dayOf(s) === dayOf(now)) return "今天";
  if (dayOf(s) === dayOf(now - 86400)) return "昨天";
  return date.format(s * 1000);
}

/** The slot after `now` ("15:30"), the first of the next day when today's are over; null without slots. */
export function nextSlot(slots, now) {
  const sorted = [...slots].sort();
  return sorted.find((slot) => slot > hourMinute(now)) || sorted[0] || null;
}

/** 已等 12 分. */
export function waited(since, now) {
  const minutes = Math.max(0, Math.floor((now - since) / 60));
  if (minutes < 1) return "刚来";
  return minutes < 60 ? `已等 ${minutes} 分` : `已等 ${Math.floor(minutes / 60)} 小时`;
}

const CHANGES = {
  1: (who) => `${who.next} 接入了会话`,
  2: (who) => `${who.last} 转给了 ${who.next}`,
  3: (who) => `${who.last} 结束了会话`,
  4: (who) => `${who.next} 重新接入了会话`,
};

/** What a system line says: WeCom's event type in words, the text itself where there are none. */
export function eventWords(world, message) {
  if (message.text === "enter_session") return "客户打开了客服";
  const change = CHANGES[message.content?.change_type];
  if (!change) return message.text || message.msgtype;
  const { old_servicer_userid: last, new_servicer_userid: next } = message.content;
  return change({ last: staffName(world, last), next: staffName(world, next) });
}

/** One line of a message for a list, whatever its type; system lines have none. */
export function oneLine(message) {
  if (!message) return "";
  if (isRecalled(message)) return "撤回了一条消息";
  const text = message.text || message.menu?.head || KINDS[message.msgtype] || "";
  return text.replace(/\s+/g, " ").slice(0, 60);
}

/** The last message that is not a system line. */
export const lastSaid = (chat) => chat.messages.findLast((m) => m.from !== "event");

/** How an automatic message came into a chat of people. */
export const VIA = { welcome: "欢迎语", mass: "群发", robot: "群机器人", appchat: "应用发到群", aibot: "智能机器人" };

export const isRecalled = (message) => message.status === "recalled" || Boolean(message.recalled);

/** Message types that are not text, in words. */
export const KINDS = {
  image: "[图片]", voice: "[语音]", video: "[视频]", file: "[文件]", location: "[位置]", link: "[链接]",
  miniprogram: "[小程序]", business_card: "[名片]", news: "[图文]", textcard: "[卡片]", template_card: "[卡片]",
  msgmenu: "[菜单]", merged_msg: "[聊天记录]", channels: "[视频号]",
};

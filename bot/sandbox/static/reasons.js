// Wanzi's `why` in words: kinds, sources, dimensions, rules. What it has no words for is shown as it came.

export const KINDS = {
  answer: "知识库里的答案", menu: "拿不准，先给菜单", unsure: "没找到，请客户再说一说", small: "寒暄",
  handoff: "转人工", welcome: "欢迎语", post: "定时群发", status: "今天的数字", received: "收到看不懂的类型", tag: "打标签",
};

export const SOURCES = { knowledge: "知识条目", entry: "知识条目", rule: "规则", persona: "人设", post: "排期" };

export const MODES = { bot: "机器人接待", draft: "只写草稿", human: "人工接待" };

const DIMENSIONS = {
  attribute: "属性", product: "产品生命周期", user: "用户生命周期", preference: "偏好", value: "价值", channel: "渠道",
};

const INTENTS = {
  greeting: "问候", robot: "问是不是机器人", thanks: "道谢", bye: "道别",
  ask_human: "要找人", complaint: "投诉", adverse_reaction: "不良反应", legal_threat: "说要维权", refund_dispute: "退款争议",
  crisis: "情绪危机", repeated_nonanswer: "连着两次没答上",
};

const RULES = [
  [/^score>=(.+)$/, (score) => `最高分不低于 ${score}`],
  [/^score<(.+)$/, (score) => `最高分不到 ${score}`],
  [/^knowledge$/, () => "照知识库的得分：够高就答，差一点就问，再低就不答"],
  [/^model$/, () => "大模型从找到的条目里选了一条来说"],
  [/^emoji only$/, () => "只有表情，没有字"],
  [/^menu choice$/, () => "客户点了菜单，或回了数字"],
  [/^(?:intent|reason):(.+)$/, (name) => INTENTS[name] || name],
  [/^(?:keyword|word):(.+)$/, (word) => `关键词“${word}”`],
  [/^phrase:(.+)$/, (phrase) => `说法“${short(phrase)}”`],
  [/^(?:sound|near):(.+)$/, (word) => `读音像“${word}”`],
  [/^initials:(.+)$/, (word) => `“${word}”的拼音首字母`],
  [/^budget:(.+)$/, () => "按金额的上限算"],
  [/^service_state:(\d)$/, (state) => ({ 2: "进了等待池", 3: "有人接待了" })[state] || `会话状态 ${state}`],
  [/^transition refused$/, () => "企业微信不让转"],
  [/^slot (.+)$/, (slot) => `${slot} 的时段`],
  [/^msgtype:(.+)$/, (msgtype) => `消息类型 ${msgtype}`],
  [/^state:(.+)$/, (state) => (state === "-" ? "没有渠道标记" : `渠道 ${state}`)],
  [/^scene:(.+)$/, (scene) => (scene === "-" ? "没有场景值" : `场景 ${scene}`)],
];

/** A phrase of the lexicon lists every alternative: the beginning says enough. */
const short = (phrase) => (phrase.length > 24 ? `${phrase.slice(0, 24)}…` : phrase);

/** What became of the language model's part in an answer. */
export const MODEL_OUTCOMES = { used: "用了它的话", failed: "没答上来，照知识库答", late: "超时了，照知识库答", refused: "它的话没过关，照知识库答" };

export const GATES = {
  number: "数字没有出处", link: "链接没有出处", absolute: "绝对化用语", medical: "说了疗效", forbidden: "人设禁用的话",
  brand: "提到别的品牌", length: "太长",
};

export const dimensionWord = (dimension) => DIMENSIONS[dimension] || dimension;

/** A rule's name in words. */
export function ruleWords(rule) {
  for (const [pattern, words] of RULES) {
    const found = pattern.exec(rule);
    if (found) return words(found[1]);
  }
  return rule;
}

/** The words a tag was read from: themselves, or their place in the message. */
export const spanWords = (span) => (Array.isArray(span) ? `第 ${span[0] + 1}–${span[1]} 字` : span || "");

// One line for the first visit; once sent away it stays away.

import { button, h } from "./dom.js";

const GONE = "wanzi-sandbox-guide-gone";
const STEPS = ["先扫一个码", "问“敏感肌能用面膜吗”", "点“为什么”", "说“转人工”", "到「员工的企业微信」接待"];

export function mountGuide(el) {
  if (localStorage.getItem(GONE)) return;
  el.append(
    h("p", {}, "第一次来（这里全是示例数据）：", h("ol", {}, STEPS.map((step) => h("li", {}, step)))),
    button("guide-gone", "知道了，不再显示", () => {
      localStorage.setItem(GONE, "1");
      el.hidden = true;
    }));
  el.hidden = false;
}

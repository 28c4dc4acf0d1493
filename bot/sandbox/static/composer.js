// Where one writes. Enter sends, Shift+Enter breaks the line; what was typed is kept per chat until it has gone out.

import { button, h } from "./dom.js";

const DRAFTS = "wanzi-sandbox-drafts"; // survives a reload, not the tab
const drafts = JSON.parse(sessionStorage.getItem(DRAFTS) || "{}");

function keep(key, text) {
  if (text) drafts[key] = text;
  else delete drafts[key];
  sessionStorage.setItem(DRAFTS, JSON.stringify(drafts));
}

/** `send(key, text)` returns a promise. Returns { el, show(key, { hint, blocked }) }. */
export function composer({ label, send, tools = [] }) {
  let chat = null;
  const box = h("textarea", { rows: "1", "aria-label": label, autocomplete: "off" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const go = button("send", "发送", submit, { class: "primary" });
  const el = h("div", { class: "composer" },
    error, h("div", { class: "tools" }, tools), h("div", { class: "write" }, box, go));

  function fit() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 140)}px`;
  }

  box.addEventListener("input", () => {
    keep(chat, box.value);
    fit();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });

  async function submit() {
    const key = chat;
    const text = box.value;
    if (!text.trim() || box.readOnly) return;
    put(key, "");
    error.hidden = true;
    try {
      await send(key, text);
    } catch (failure) {
      put(key, drafts[key] ? `${text}\n${drafts[key]}` : text);
      if (chat === key) {
        error.textContent = `没发出去：${failure.message}。文字已留在输入框。`;
        error.hidden = false;
      }
    }
  }

  function put(key, text) {
    keep(key, text);
    if (key !== chat) return;
    box.value = text;
    fit();
  }

  function show(key, { hint = "", blocked = false } = {}) {
    box.placeholder = hint;
    box.readOnly = blocked;
    go.disabled = blocked;
    if (key === chat) return;
    chat = key;
    box.value = drafts[key] || "";
    error.hidden = true;
    requestAnimationFrame(fit);
  }

  return { el, show, focus: () => box.focus() };
}

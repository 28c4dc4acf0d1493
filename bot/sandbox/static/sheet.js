// What floats over the page: one sheet at a time (Esc closes it, focus returns), and short notices.

import { button, h } from "./dom.js";

const NOTICE_MS = 6000;
const sheet = document.getElementById("sheet");
const notice = document.getElementById("notice");
let noticeTimer = null;

sheet.addEventListener("click", (event) => {
  if (event.target === sheet) sheet.close();
});

/** Open the sheet with `title` and what `content()` builds. */
export function openSheet(title, content) {
  sheet.replaceChildren(
    h("header", {}, h("h2", { id: "sheet-title" }, title), button("close", "关上", closeSheet)),
    h("div", { class: "sheet-body" }, content));
  if (!sheet.open) sheet.showModal();
}

export const closeSheet = () => sheet.close();

/** Say something for a few seconds. */
export function say(words) {
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.hidden = true), NOTICE_MS);
}

/** Wait for an action; say what was not done when the sandbox refuses. Returns its answer, or undefined. */
export async function attempt(what, action) {
  try {
    return (await action()) ?? {};
  } catch (failure) {
    say(`${what}没做成：${failure.message}`);
    return undefined;
  }
}

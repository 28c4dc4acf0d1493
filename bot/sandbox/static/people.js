// A row of people to choose from, with a mark on those for whom something is new. Of many, the row shows a few.

import { faceOf } from "./bubble.js";
import { button, h, keyed, newsDot } from "./dom.js";
import { closeSheet, openSheet } from "./sheet.js";

const SHOWN = 8;
const FOUND_SHOWN = 100;

/** Returns { el, show(people) }; people: [{ id, name, chosen, news }]; `pick(id)` runs on a choice. */
export function people({ label, pick }) {
  const row = h("div", { class: "people-row" });
  const all = button("all-people", "", openAll, { hidden: true });
  const el = h("div", { class: "people", role: "group", "aria-label": label }, row, all);
  let everybody = [];

  function show(rows) {
    const before = everybody.find((one) => one.chosen)?.id;
    everybody = rows;
    all.hidden = rows.length <= SHOWN;
    all.textContent = `全部 ${rows.length} 位…`;
    keyed(row, few(rows), (one) => one.id, (one) => JSON.stringify(one), (one) => person(one, pick));
    const chosen = rows.find((one) => one.chosen)?.id;
    const pressed = chosen !== before && row.querySelector("[aria-pressed=true]");
    if (pressed) pressed.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function openAll() {
    const list = h("div", { class: "found" });
    const filter = h("input", { type: "search", placeholder: "按名字找", "aria-label": "按名字找" });
    const draw = () => keyed(list, everybody.filter((one) => one.name.includes(filter.value.trim())).slice(0, FOUND_SHOWN),
      (one) => one.id, (one) => JSON.stringify(one), (one) => person(one, (id) => {
        closeSheet();
        pick(id);
      }));
    filter.addEventListener("input", draw);
    draw();
    openSheet(label, [filter, list]);
    filter.focus();
  }

  return { el, show };
}

/** The chosen one and those with news always, the first others as far as there is room; in their own order. */
function few(rows) {
  if (rows.length <= SHOWN) return rows;
  const wanted = new Set([...rows.filter((one) => one.chosen), ...rows.filter((one) => one.news), ...rows].slice(0, SHOWN));
  return rows.filter((one) => wanted.has(one));
}

const person = ({ id, name, chosen, news }, pick) =>
  h("button", {
    type: "button", class: "person", "data-do": `person-${id}`, "aria-pressed": String(chosen), onclick: () => pick(id),
  },
  h("span", { class: "face", "aria-hidden": "true" }, faceOf(name)),
  h("span", { class: "name" }, name),
  news && newsDot());

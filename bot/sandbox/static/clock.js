// The sandbox's time: shown, and moved forward by buttons. WeCom's time never goes back, nor does this one.

import { button, fill, h } from "./dom.js";
import { post } from "./net.js";
import { attempt } from "./sheet.js";
import { hourMinuteSecond, longDay, nextSlot } from "./words.js";
import { current, now } from "./world.js";

const face = document.getElementById("now");
const moves = document.getElementById("moves");

/** Made anew for each place: the head of the page, and the sheet on a phone. */
function moveButtons() {
  const slot = nextSlot(current()?.slots || [], now());
  return [
    slot && button("next-slot", `下一时段 ${slot}`, () => move({ to: "next_slot" }), { title: "拨到下一个定时群发的钟点" }),
    button("hour", "+1 小时", () => move({ advance_s: 3600 })),
    button("day", "+1 天", () => move({ advance_s: 86400 })),
  ].filter(Boolean);
}

const move = (step) => attempt("拨时间", () => post("clock", step));

export function showClock(world) {
  const at = now();
  face.textContent = `${longDay(at)} ${hourMinuteSecond(at)}`;
  fill(moves, nextSlot(world.slots, at) || "none", moveButtons);
}

setInterval(() => current() && showClock(current()), 1000);

/** The buttons in a frame of their own, for the sheet. */
export const clockPart = () =>
  h("section", { class: "narrow-only" }, h("h3", {}, "拨动丸子时间"), h("p", { class: "moves" }, moveButtons()));

// Building and updating the page's elements. Text only ever becomes text nodes; nothing here parses HTML.
// An update touches what changed and nothing else, and hands on the keyboard focus when it replaces an element.

/** An element. `on*` are listeners, `class` and `data-*` attributes; false, null and undefined are left out. */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  el.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}

/** A button that says what it does; `name` identifies it across updates. */
export function button(name, label, onclick, props = {}) {
  return h("button", { type: "button", "data-do": name, onclick, ...props }, label);
}

/** The dot that says something is new, also to those who cannot see it. */
export const newsDot = () => h("span", { class: "dot" }, h("span", { class: "off-screen" }, "有新消息"));

/** Make `parent`'s children show `rows`, in order: kept where `sign(row)` is unchanged, made anew where not. */
export function keyed(parent, rows, key, sign, make) {
  const wanted = new Set(rows.map((row) => String(key(row))));
  const old = new Map();
  for (const el of [...parent.children]) {
    if (wanted.has(el.dataset.key)) old.set(el.dataset.key, el);
    else dropping(parent, el, () => el.remove());
  }
  let at = parent.firstElementChild;
  for (const row of rows) {
    const k = String(key(row));
    const signature = sign(row);
    let el = old.get(k);
    if (!el || el.signature !== signature) {
      const fresh = make(row);
      fresh.dataset.key = k;
      fresh.signature = signature;
      if (el) {
        if (at === el) at = fresh;
        dropping(fresh, el, () => el.replaceWith(fresh));
      }
      el = fresh;
    }
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
  }
}

/** Rebuild what `el` holds, only when `signature` differs from last time. */
export function fill(el, signature, build) {
  if (el.signature === signature) return;
  el.signature = signature;
  dropping(el, el, () => el.replaceChildren(...[build()].flat(Infinity).filter(Boolean)));
}

/** Run `change`, which drops `el`; focus that was inside goes to the same action in `heir`, else to `heir`. */
function dropping(heir, el, change) {
  const active = document.activeElement;
  const held = active && active !== el && el.contains(active) ? active.dataset.do || "" : null;
  const self = active === el && heir !== el;
  change();
  if (held === null && !self) return;
  const same = held && heir.querySelector(`[data-do="${CSS.escape(held)}"]`);
  if (same && !same.disabled) return same.focus();
  if (!heir.hasAttribute("tabindex") && !heir.matches("button, input, textarea, select")) heir.tabIndex = -1;
  heir.focus({ preventScroll: true });
}

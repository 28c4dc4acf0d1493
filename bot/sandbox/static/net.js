// The line to the sandbox: requests to its control API, its stream of events, and whether the line holds.

const PING_EVERY_MS = 2000; // a broken line is to be said within 5 s: one gap and one time-out
const PING_TIMEOUT_MS = 2000;
const CALL_TIMEOUT_MS = 10000;

/** The sandbox refused, or did not answer; the message is fit to be shown. */
export class ControlError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Ask the control API; returns the JSON it answers (null when it answers nothing). Raises ControlError. */
export async function ask(method, path, body) {
  const options = { method, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/control/${path}`, options);
  } catch {
    throw new ControlError("沙盒没有应答", 0);
  }
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok) throw new ControlError(answer?.error || `沙盒答了 HTTP ${response.status}`, response.status);
  return answer;
}

/** POST to the control API. */
export const post = (path, body = {}) => ask("POST", path, body);

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/**
 * Keep one event stream open. `onOpen` runs each time it (re)opens: whoever listens then reads the whole world anew,
 * so nothing that happened in between is missing. `onLost` runs when the line breaks.
 */
export function listen({ types, onEvent, onOpen, onLost }) {
  let source = null;

  function open() {
    source = new EventSource("/control/events");
    source.onopen = onOpen;
    source.onerror = lose;
    for (const type of types) {
      source.addEventListener(type, (event) => onEvent(type, JSON.parse(event.data)));
    }
  }

  function lose() {
    if (!source) return;
    source.close();
    source = null;
    onLost();
  }

  async function watch() {
    try {
      const response = await fetch("/alive", { signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
      if (!response.ok) throw new Error(String(response.status));
      if (!source) open();
    } catch {
      if (source) lose();
      else onLost();
    }
    setTimeout(watch, PING_EVERY_MS);
  }

  watch();
}

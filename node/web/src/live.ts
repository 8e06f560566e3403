import { signal } from "@preact/signals";
import { reachable, token } from "./api";

// Goes up whenever the node says that something changed; screens that read it fetch again.
export const changes = signal(0);

const POLL_MS = 15000, RETRY_MS = 3000;
let polled = Date.now();
let open: AbortController | null = null;
let lastId = "";

// Server-sent events by fetch: an EventSource cannot carry the token, and a cookie would travel with
// requests that other sites make.
async function listen(control: AbortController): Promise<void> {
  const headers: Record<string, string> = { Authorization: "Bearer " + (token.value ?? "") };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const response = await fetch("/api/v1/events", { headers, signal: control.signal });
  if (!response.ok || !response.body) return;
  const reader = response.body.getReader(), decoder = new TextDecoder();
  let text = "";
  reachable.value = true;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    events.forEach((e) => {
      const id = /^id: (.*)$/m.exec(e);
      if (id && id[1] !== undefined) lastId = id[1];
      if (/^event: changed$/m.test(e)) changes.value++;
    });
  }
}

export function connect(): void {
  if (open || !token.value) return;
  const control = new AbortController();
  open = control;
  void listen(control).catch(() => 0).then(() => {
    if (open !== control) return;
    open = null;
    poll(); // the node may be gone: find out now
  });
}

export function disconnect(): void {
  open?.abort();
  open = null;
  lastId = "";
}

function poll(): void {
  polled = Date.now();
  changes.value++;
}

// A slow poll beside the stream, faster while the node is away, so that a page that was left open for
// days on a flaky LAN recovers by itself, whatever happened to the stream.
setInterval(() => {
  connect();
  if (!reachable.value || (Date.now() - polled >= POLL_MS && document.visibilityState === "visible")) poll();
}, RETRY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    connect();
    poll();
  }
});

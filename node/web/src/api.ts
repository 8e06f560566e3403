import { signal } from "@preact/signals";
import { lang } from "./i18n";
import type { Catalog, Hazard, Held, Me, Page, RecordRow, SyncState, Tree } from "./types";

// The token lives in this tab only: closing it logs out.
const TOKEN = "fengsui.token";
export const token = signal<string | null>(sessionStorage.getItem(TOKEN));
export const reachable = signal(true);
export const lastOk = signal(0);

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly wait: number) {
    super(message);
  }
}

export function setToken(value: string | null): void {
  token.value = value;
  if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
}

// bearer: what stands for the caller instead of the session (the first run's code). A body of bytes
// goes as it is.
async function call<T>(method: string, path: string, body?: unknown, bearer = token.value): Promise<T> {
  const headers: Record<string, string> = { "X-Fengsui": lang.value };
  const raw = body instanceof Blob;
  let response: Response;
  let answer: unknown = null;

  if (bearer) headers["Authorization"] = "Bearer " + bearer;
  if (body !== undefined) headers["Content-Type"] = raw ? "application/octet-stream" : "application/json";
  try {
    response = await fetch("/api/v1" + path, {
      method,
      headers,
      body: body === undefined ? undefined : raw ? (body as Blob) : JSON.stringify(body),
    });
    answer = await response.json();
  } catch (e) {
    reachable.value = false;
    throw new ApiError(0, "UNREACHABLE", String(e), 0);
  }
  reachable.value = true;
  lastOk.value = Date.now();
  if (!response.ok) {
    const e = (answer as { error?: { code?: string; message?: string; wait_s?: number } }).error ?? {};
    if (response.status === 401 && bearer === token.value) setToken(null);
    throw new ApiError(response.status, e.code ?? "", e.message ?? response.statusText, e.wait_s ?? 0);
  }
  return answer as T;
}

export function query(values: Record<string, string | number | undefined>): string {
  const parts = Object.keys(values)
    .filter((k) => values[k] !== undefined && values[k] !== "")
    .map((k) => k + "=" + encodeURIComponent(String(values[k])));
  return parts.length ? "?" + parts.join("&") : "";
}

export const PAGE = 50;
export type Filter = Record<string, string | number | undefined>;

export const api = {
  me: () => call<Me>("GET", "/me"),
  catalog: () => call<Catalog>("GET", "/catalog"),
  login: (key: string, pin: string) => call<{ token: string }>("POST", "/login", { key, pin }),
  logout: () => call<object>("POST", "/logout", {}),
  tree: (f: Filter) => call<Tree>("GET", "/tree" + query(f)),
  hazards: (f: Filter) => call<Page<Hazard>>("GET", "/hazards" + query({ limit: PAGE, ...f })),
  hazard: (id: string) => call<Hazard>("GET", "/hazards/" + id),
  report: (fields: Record<string, unknown>, urgent: boolean) =>
    call<{ id: string; node: string }>("POST", urgent ? "/emergencies" : "/hazards", fields),
  act: (id: string, act: string, fields: Record<string, unknown>) =>
    call<{ id: string; node: string }>("POST", "/hazards/" + id + "/" + act, fields),
  records: (type: string, f: Filter) =>
    call<Page<RecordRow>>("GET", "/records/" + type + query({ limit: PAGE, ...f })),
  // How many there are, without them.
  count: (f: Filter) => call<Page<Hazard>>("GET", "/hazards" + query({ limit: 1, ...f })).then((p) => p.total),
  addRecord: (type: string, fields: Record<string, unknown>) =>
    call<{ id: string; node: string }>("POST", "/records/" + type, fields),
  sync: () => call<SyncState>("GET", "/sync"),
  syncNow: () => call<object>("POST", "/sync", {}),
  setup: <T>(step: string, body: unknown, code: string) => call<T>("POST", "/setup/" + step, body, code),
  held: (f: Filter) => call<Page<Held>>("GET", "/held" + query({ limit: PAGE, ...f })),
};

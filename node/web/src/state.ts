import { computed, effect, signal } from "@preact/signals";
import { api, reachable } from "./api";
import type { Catalog, Choice, Field, Grid, HazardCode, Label, Me, RecordType, SyncState } from "./types";

export const me = signal<Me | null>(null);
export const catalog = signal<Catalog | null>(null);
export const grids = signal<Grid[]>([]);
export const syncState = signal<SyncState | null>(null);
export const toast = signal<{ kind: "good" | "bad"; text: string; more?: string } | null>(null);

export const route = signal<string>(location.hash.slice(1) || "/");
window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(1) || "/";
  window.scrollTo(0, 0);
});
export const go = (to: string): void => { location.hash = to; };

// "/hazards?state=open" apart: every view is an address that can be kept and sent.
export const path = computed(() => route.value.split("?")[0] ?? "/");
export const params = computed<Record<string, string>>(() => {
  const out: Record<string, string> = {};
  (route.value.split("?")[1] ?? "").split("&").filter(Boolean).forEach((part) => {
    const [k, v] = part.split("=");
    if (k) out[k] = decodeURIComponent(v ?? "");
  });
  return out;
});

export const recordType = (name: string): RecordType | undefined =>
  catalog.value?.records.find((r) => r.name === name);
export const fieldOf = (r: RecordType | undefined, name: string): Field | undefined =>
  r?.fields.find((f) => f.name === name);
export const choiceOf = (f: Field | undefined, name: unknown): Choice | undefined =>
  f?.choices?.find((c) => c.name === name);
export const codeOf = (code: string | null): HazardCode | undefined =>
  catalog.value?.codes.find((c) => c.code === code);
export const labelOf = (list: Label[] | undefined, name: string): Label | undefined =>
  list?.find((l) => l.name === name);
// A group with its village: there is a first group in each.
export const gridName = (code: string | null): string => {
  const g = grids.value.find((x) => x.grid === code);
  if (!g?.name) return code ?? "—";
  return g.level === 3 ? gridName(g.grid.slice(0, 12)) + " " + g.name : g.name;
};
export const severityName = (n: number): Label | undefined =>
  fieldOf(recordType("hazard-report"), "severity")?.choices?.find((c) => c.value === n);

export async function refreshMe(): Promise<void> {
  me.value = await api.me();
}
export async function refreshShell(): Promise<void> {
  const [tree, sync] = await Promise.all([api.tree({ level: 3 }), api.sync()]);
  grids.value = tree.grids;
  syncState.value = sync;
}

export const sizes = ["normal", "large", "huge"] as const;
export type Size = (typeof sizes)[number];
const storedSize = localStorage.getItem("fengsui.size");
export const size = signal<Size>(sizes.find((s) => s === storedSize) ?? "normal");
effect(() => {
  document.documentElement.setAttribute("data-size", size.value);
  localStorage.setItem("fengsui.size", size.value);
});
effect(() => { document.documentElement.setAttribute("data-net", reachable.value ? "up" : "down"); });

import { signal } from "@preact/signals";

// What somebody typed survives reload, log-out and a dead node: every change is written to
// IndexedDB, and a draft goes only when the node has said that the record is on its disk.
export interface Draft {
  id: string;
  kind: string; // "report", or the name of a record
  fields: Record<string, unknown>;
  changed_ms: number;
}

export const drafts = signal<Draft[]>([]);

let opening: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  if (!opening)
    opening = new Promise((resolve, reject) => {
      const request = indexedDB.open("fengsui", 1);
      request.onupgradeneeded = () => { request.result.createObjectStore("drafts", { keyPath: "id" }); };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => { opening = null; reject(request.error); };
    });
  return opening;
}

async function run<T>(mode: IDBTransactionMode, use: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  return new Promise((resolve, reject) => {
    const tx = db.transaction("drafts", mode);
    const request = use(tx.objectStore("drafts"));
    tx.oncomplete = () => resolve(request.result);
    tx.onabort = tx.onerror = () => reject(tx.error);
  });
}

export async function loadDrafts(): Promise<void> {
  const all = await run<Draft[]>("readonly", (s) => s.getAll() as IDBRequest<Draft[]>);
  drafts.value = all.sort((a, b) => b.changed_ms - a.changed_ms);
}

export async function keepDraft(d: Draft): Promise<void> {
  await run("readwrite", (s) => s.put(d));
  drafts.value = [d, ...drafts.value.filter((x) => x.id !== d.id)];
}

export async function dropDraft(id: string): Promise<void> {
  await run("readwrite", (s) => s.delete(id) as IDBRequest<unknown>);
  drafts.value = drafts.value.filter((x) => x.id !== id);
}

export function draftAddress(d: Draft | undefined): string {
  return !d || d.kind === "report" ? "#/report/" + (d?.id ?? "") : "#/records/" + d.kind + "?add=1";
}

export function newDraftId(): string {
  const b = new Uint8Array(8);
  crypto.getRandomValues(b);
  return Array.from(b, (x) => (x < 16 ? "0" : "") + x.toString(16)).join("");
}

export function downloadDrafts(list: Draft[]): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([JSON.stringify(list, null, 2)], { type: "application/json" }));
  a.download = "fengsui-drafts.json";
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

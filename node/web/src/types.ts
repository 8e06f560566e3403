// What the node's API answers. Field and choice names are those of the catalogue (GET
// /api/v1/catalog), which also brings their labels in both languages.

export type Lang = "zh" | "en";
export interface Label { name: string; zh: string; en: string }
export interface Choice extends Label { value: number }

export interface Field extends Label {
  kind: string;
  required: boolean;
  personal: boolean;
  max: number;
  unit: string | null;
  choices: Choice[] | null;
  targets?: string[] | null; // of ids: the records that may be meant
}
export interface RecordType extends Label {
  type: number;
  fold: "none" | "cert" | "lww" | "hazard";
  klass: "neutral" | "danger" | "clearance";
  creates: boolean;
  writers: string[];
  open_report: boolean;
  public: boolean;
  fields: Field[];
}
export interface HazardCode { code: string; severity: number; days: number | null; zh: string; en: string }
export interface Catalog {
  records: RecordType[];
  codes: HazardCode[];
  states: Label[];
  flags: Label[];
  blocks: Label[];
  levels: Label[];
  roles: Choice[];
}

export interface Me {
  setup?: "space" | "officer" | "done"; // the first run: there is no node yet, and nothing of what follows
  dir?: string;
  space: string;
  street: string;
  node: string;
  grid: string | null;
  roles: string[];
  user: { name: string; roles: string[]; grids: string[] } | null;
  officers: Officer[];
}
export interface Officer { key: string; name: string | null; wait_s: number }

export interface Hazard {
  id: string;
  scope: string;
  grid: string | null;
  state: string;
  severity: number;
  required: string;
  escalated: string;
  flags: string[];
  blocks: string[];
  code: string | null;
  text: string | null;
  address: string | null;
  deadline_ms: number;
  reported_ms: number;
  closed_ms: number;
  last_ms: number;
  assignees: string[];
  links: string[];
  canonical: string;
  unverified?: number;
  lat?: number;
  lon?: number;
  history?: Entry[];
}
export interface Entry {
  id: string;
  record: string;
  signer: string;
  author: string;
  roles: number;
  wall_ms: number;
  received_ms: number;
  verified: boolean;
  held: boolean;
  held_reason?: string;
  urgent: boolean;
  pruned: boolean;
  body: Record<string, unknown> | null;
}
export interface Page<T> { total: number; rows: T[] }

export interface Grid {
  grid: string;
  name: string | null;
  level: number;
  declared: boolean;
  synthetic: boolean;
  open: number;
  overdue: number;
  closed: number;
  emergency: number;
  severe: number;
  visits: number;
  places: number;
  groups: number;
  conflict: number;
  heard_ms?: number; // level 2
  stale?: boolean;
}
export interface Tree { villages: number; fresh: number; grids: Grid[] }
export interface RecordRow { id: string; grid: string | null; contested: boolean; [field: string]: unknown }

export interface Peer {
  name: string;
  addr: string;
  kx: string;
  connected: boolean;
  synced: boolean;
  enabled: boolean;
  last_ok_ms: number;
  backlog: number;
  last_error: string;
}
export interface SyncState { now_ms: number; entries: number; held: number; forks: number; quarantined: number; unread: number; peers: Peer[] }

export interface Held {
  id: string;
  record: string;
  subject: string | null;
  signer: string;
  author: string;
  wall_ms: number;
  reason: string;
  grid: string | null;
}

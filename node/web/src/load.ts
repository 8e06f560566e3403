import { useEffect, useState } from "preact/hooks";
import { changes } from "./live";

// What a screen reads from the node: read again when its key changes, and quietly (the old value
// stays on the screen) when the node says that something changed.
export function useLoad<T>(key: string, read: () => Promise<T>): { data: T | null; error: string | null; again: () => void } {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const tick = changes.value;

  useEffect(() => { setData(null); }, [key]);
  useEffect(() => {
    let live = true;
    read().then(
      (value) => { if (live) { setData(value); setError(null); } },
      (e: unknown) => { if (live) setError(e instanceof Error ? e.message : String(e)); },
    );
    return () => { live = false; };
  }, [key, tick, round]);
  return { data, error, again: () => setRound(round + 1) };
}

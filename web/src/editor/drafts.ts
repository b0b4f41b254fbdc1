/** Edits of automations that somebody left without saving: kept in memory, for as long as the window is open. */
import type { EditorStore } from "./store";

const DRAFTS = new Map<string, EditorStore>();

export function draftOf(id: string): EditorStore | undefined {
  return DRAFTS.get(id);
}

export function keep(store: EditorStore): void {
  if (store.getSnapshot().dirty) DRAFTS.set(store.automationId, store);
  else DRAFTS.delete(store.automationId);
}

export function forget(id: string): void {
  DRAFTS.delete(id);
}

/** Whether closing the window loses something. */
export function anyDraft(): boolean {
  return [...DRAFTS.values()].some((store) => store.getSnapshot().dirty);
}

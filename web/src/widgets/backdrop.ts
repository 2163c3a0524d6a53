/** The picture behind a node's rectangle or points, and its size. */

import { useEffect, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { fileUrl } from "../api/client";
import { own } from "../api/dict";
import { frameOf } from "../graph/boxes";
import { activeGraph, activeTab, runKey, schemaOfType, scopeNow, useDocs } from "../state/docs";
import { runOf, useRuns } from "../state/runs";

export interface Backdrop {
  /** Pixels; a guess where nothing says them. */
  readonly width: number;
  readonly height: number;
  readonly known: boolean;
  readonly url: string | null;
}

const GUESS = 1024;

/** The shape of the picture, for the style sheet; of a curve it is any. */
export function ratioOf(backdrop: { width: number; height: number } | null): object | undefined {
  return backdrop ? { ["--ratio" as string]: backdrop.width / backdrop.height } : undefined;
}

/** For a node; null for none. */
export function useBackdrop(node: string | null): Backdrop | null {
  const frame = useDocs(
    useShallow((docs) => {
      if (node === null) return NOTHING;
      const { size, pictures } = frameOf(scopeNow(docs), node);
      return { width: size?.width ?? 0, height: size?.height ?? 0, ids: pictures.join("\n") };
    }),
  );
  const tab = useDocs(activeTab);
  const url = useRuns((runs) => {
    const { pictures } = runOf(tab.id, runs);
    for (const id of frame.ids === "" ? [] : frame.ids.split("\n")) {
      const made = own(pictures, runKey(tab, id))?.[0];
      const found = made?.url ?? fileOf(id);
      if (found !== null && found !== undefined) return found;
    }
    return null;
  });
  const natural = useNaturalSize(frame.width === 0 ? url : null);
  if (node === null) return null;
  const size = frame.width > 0 ? frame : natural;
  return {
    width: size?.width ?? GUESS,
    height: size?.height ?? GUESS,
    known: size !== null,
    url,
  };
}

const NOTHING = { width: 0, height: 0, ids: "" };

/** The picture file that a node loads. */
function fileOf(id: string): string | null {
  const node = activeGraph().nodes[id];
  const inputs = Object.entries((node && schemaOfType(node.type)?.inputs) ?? {});
  const port = inputs.find(([, input]) => input.file)?.[0];
  const name = port === undefined ? undefined : node?.inputs[port];
  return typeof name === "string" && name !== "" ? fileUrl("input", name) : null;
}

function useNaturalSize(url: string | null) {
  const [size, setSize] = useState<{ url: string; width: number; height: number } | null>(null);
  useEffect(() => {
    if (url === null) return;
    const image = new Image();
    image.onload = () =>
      setSize({ url, width: image.naturalWidth || 1, height: image.naturalHeight || 1 });
    image.src = url;
    return () => {
      image.onload = null;
    };
  }, [url]);
  return size?.url === url ? size : null;
}

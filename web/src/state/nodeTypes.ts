/** The server's node types, in the language of the page. */

import { locale, nodeSchemas } from "../api/client";
import type { Locale, NodeSchemas } from "../api/nodes";
import { Catalog } from "../graph/catalog";
import { inLanguage } from "../graph/locale";
import { useDocs } from "./docs";
import { useRuns } from "./runs";
import { type Language, say, useUi } from "./ui";

const AGAIN = 2000;

let english: NodeSchemas | null = null;

/** Ask for them, until there is an answer. */
export async function loadCatalog(): Promise<void> {
  try {
    const { language } = useUi.getState();
    // English is in the schema, and costs nothing more.
    const [schemas, texts] = await Promise.all([nodeSchemas(), textsIn(language)]);
    english = schemas;
    show(schemas, texts);
    if (language !== useUi.getState().language) await translate();
  } catch (error) {
    if (useDocs.getState().ready) return;
    if (useRuns.getState().online)
      say(error instanceof Error ? error.message : String(error), "bad");
    setTimeout(() => void loadCatalog(), AGAIN);
  }
}

/** Call them by their names in another language as soon as the page is in it. */
export function followLanguage(): void {
  useUi.subscribe(({ language }, before) => {
    if (language !== before.language) void translate();
  });
}

async function translate(): Promise<void> {
  const { language } = useUi.getState();
  const texts = await textsIn(language);
  if (english !== null && language === useUi.getState().language) show(english, texts);
}

/** What is not translated stays English, also where a server knows nothing of languages. */
async function textsIn(language: Language): Promise<Locale> {
  if (language === "en") return {};
  try {
    return await locale(language);
  } catch {
    return {};
  }
}

function show(schemas: NodeSchemas, texts: Locale): void {
  const shown = inLanguage(schemas, texts);
  const known = useDocs.getState();
  if (known.ready && JSON.stringify(known.catalog.schemas) === JSON.stringify(shown)) return;
  useDocs.setState({ catalog: new Catalog(shown), ready: true });
}

/** Without the node types nothing can be laid out. */
export function nodeTypesKnown(): Promise<void> {
  return new Promise((resolve) => {
    if (useDocs.getState().ready) {
      resolve();
      return;
    }
    const stop = useDocs.subscribe(({ ready }) => {
      if (!ready) return;
      stop();
      resolve();
    });
  });
}

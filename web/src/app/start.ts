/** Brings the page to life: node types, what was open, the server's events. */

import { listen } from "../api/events";
import { watchTabbing } from "../canvas/focus";
import { deleteSelection } from "../commands/selection";
import { prefetchPanels } from "../panels/OpenPanel";
import { keepTabs, restoreTabs } from "../state/autosave";
import { copySelection, pasteInto } from "../state/clipboard";
import { whenReadOnly } from "../state/docs";
import { keepInLibrary } from "../state/library/keeper";
import { openShared } from "../state/library/open";
import { t } from "../state/messages/index";
import { followLanguage, loadCatalog, nodeTypesKnown } from "../state/nodeTypes";
import { openFiles } from "../state/open";
import { loadPackFaults } from "../state/packs";
import { watchProblems } from "../state/run";
import { useRuns } from "../state/runs";
import { receive } from "../state/sync";
import { say } from "../state/ui";
import { followAddress } from "./address";
import { isEditing, onKey } from "./keys";

export async function start(): Promise<void> {
  followAddress();
  await restoreTabs();
  listenToKeys();
  keepTabs();
  keepInLibrary();
  whenReadOnly(() => say(t("library.readOnly")));
  watchProblems();
  followLanguage();
  listen({
    onEvents: receive,
    onOnline: (online) => {
      useRuns.setState({ online });
      if (!online) return;
      // A server that was started anew may have other nodes.
      void loadCatalog();
      void loadPackFaults();
    },
  });
  await loadCatalog();
  prefetchPanels();
  await followLink();
}

const SHARED = "#/shared/";

/**
 * Open what the address names. The secret stands in the fragment, so that it reaches no server's log
 * and survives the way through the login.
 */
async function followLink(): Promise<void> {
  if (!location.hash.startsWith(SHARED)) return;
  await nodeTypesKnown();
  const link = location.hash.slice(SHARED.length);
  history.replaceState(null, "", location.pathname);
  await openShared(link);
}

function listenToKeys(): void {
  // While a word is put together from what was typed, Enter and the arrows choose characters; Safari
  // says so by the code alone, for the key that ends it.
  const COMPOSING = 229;
  const spare = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === COMPOSING) event.stopPropagation();
  };
  window.addEventListener("keydown", spare, { capture: true });
  watchTabbing();
  window.addEventListener("keydown", onKey);
  document.addEventListener("copy", (event) => {
    if (!isEditing(event.target) && document.getSelection()?.isCollapsed !== false) {
      copySelection(event);
    }
  });
  document.addEventListener("cut", (event) => {
    if (!isEditing(event.target) && copySelection(event)) deleteSelection();
  });
  // The event of pasting does not say whether Shift was held.
  let shift = false;
  window.addEventListener("keydown", (event) => {
    shift = event.shiftKey;
  });
  document.addEventListener("paste", (event) => {
    if (!isEditing(event.target) && !event.defaultPrevented) pasteInto(event, shift);
  });
  // A file dropped beside the canvas must not replace the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (event.defaultPrevented) return; // the canvas took it
    event.preventDefault();
    void openFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

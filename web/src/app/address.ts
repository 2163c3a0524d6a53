/** "Form only" has an address of its own: it survives loading the page anew, and can be kept. */

import { setUi, useUi } from "../state/ui";

const FORM = "#form";

const asked = () => location.hash === FORM;

/** Show what the address names, and name in the address what is shown. */
export function followAddress(): () => void {
  const read = () => setUi({ formOnly: asked() });
  // A link to something else is answered by whoever knows it.
  if (asked()) read();
  window.addEventListener("hashchange", read);
  const stop = useUi.subscribe((ui, before) => {
    if (ui.formOnly === before.formOnly || ui.formOnly === asked()) return;
    history.replaceState(null, "", ui.formOnly ? FORM : location.pathname + location.search);
  });
  return () => {
    window.removeEventListener("hashchange", read);
    stop();
  };
}

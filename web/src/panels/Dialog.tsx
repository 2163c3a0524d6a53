import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../app/messages";
import { setUi } from "../app/ui";
import { focusCanvas } from "../canvas/viewport";

export function closeDialog(): void {
  setUi({ dialog: null });
  requestAnimationFrame(focusCanvas);
}

interface Props {
  readonly title: string;
  readonly name: string;
  readonly children: ReactNode;
  readonly tools?: ReactNode;
}

/** A modal window; the browser keeps the focus in it. */
export function Dialog({ title, name, children, tools }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.focus();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, by the browser
    <dialog
      ref={dialog}
      tabIndex={-1}
      className={`dialog ${name}`}
      aria-label={title}
      onClose={closeDialog}
      onClick={(event) => event.target === event.currentTarget && closeDialog()}
    >
      <header>
        <h2>{title}</h2>
        {tools}
        <button type="button" className="icon" aria-label={t("dialog.close")} onClick={closeDialog}>
          <X size={15} />
        </button>
      </header>
      {children}
    </dialog>
  );
}

import "./Dialog.css";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { focusCanvas } from "../state/viewport";
import { IconButton } from "../widgets/IconButton";

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
        <IconButton label={t("dialog.close")} onClick={closeDialog}>
          <X size={15} />
        </IconButton>
      </header>
      {children}
    </dialog>
  );
}

interface FooterProps {
  /** What may be done in the window, at the left. */
  readonly hint?: string;
  /** What the window is for, as a word. */
  readonly action: string;
  readonly disabled?: boolean;
  /** Undefined in a form, which is sent. */
  readonly onAct?: () => void;
  readonly onCancel?: () => void;
}

/** The end of a window that asks for something: leave it be, or do it. */
export function DialogFooter({ hint, action, disabled, onAct, onCancel }: FooterProps) {
  return (
    <footer>
      {hint !== undefined && <p>{hint}</p>}
      <button type="button" className="quiet" onClick={onCancel ?? closeDialog}>
        {t("dialog.cancel")}
      </button>
      <button
        type={onAct === undefined ? "submit" : "button"}
        className="run"
        disabled={disabled}
        onClick={onAct}
      >
        {action}
      </button>
    </footer>
  );
}

import "./Popover.css";
import {
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";

interface Props {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly width?: number;
}

/** A panel under (or above) a field, outside the canvas's scale. */
export function Popover({ anchor, onClose, children, width = 0 }: Props) {
  const panel = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0, width: 0, hidden: true });
  useLayoutEffect(() => {
    const from = anchor.current?.getBoundingClientRect();
    const own = panel.current?.getBoundingClientRect();
    if (!from || !own) return;
    const wide = Math.max(from.width, width, 220);
    const below = window.innerHeight - from.bottom - 12;
    const top = below >= own.height ? from.bottom + 4 : Math.max(8, from.top - own.height - 4);
    const left = Math.max(8, Math.min(from.left, window.innerWidth - wide - 8));
    setPlace({ left, top, width: wide, hidden: false });
  }, [anchor, width]);
  useEffect(() => {
    const outside = (event: Event) => {
      const target = event.target as globalThis.Node;
      if (!panel.current?.contains(target) && !anchor.current?.contains(target)) onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("wheel", outside, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("wheel", outside, true);
    };
  }, [anchor, onClose]);
  const { left, top, width: wide, hidden } = place;
  // Unseen until it has its place, but not `visibility: hidden`: its search box takes the focus.
  return createPortal(
    <div
      ref={panel}
      className="popover"
      style={{ left, top, minWidth: wide, opacity: hidden ? 0 : 1 }}
    >
      {children}
    </div>,
    document.body,
  );
}

import "./Resizer.css";
import { endGesture } from "../state/docs";
import { t } from "../state/messages/index";
import { viewport } from "../state/viewport";

interface Props {
  readonly width: number;
  readonly height: number;
  readonly min: number;
  readonly onResize: (size: { width: number; height: number }) => void;
}

/** The corner by which a node, group or note is made larger. */
export function Resizer({ width, height, min, onResize }: Props) {
  return (
    <div
      className="resizer nodrag"
      title={t("node.resize")}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        const start = { x: event.clientX, y: event.clientY };
        const { zoom } = viewport();
        const target = event.currentTarget;
        const move = (now: PointerEvent) => {
          const snap = (value: number) => Math.round(value / 8) * 8;
          onResize({
            width: Math.max(min, snap(width + (now.clientX - start.x) / zoom)),
            height: Math.max(40, snap(height + (now.clientY - start.y) / zoom)),
          });
        };
        target.addEventListener("pointermove", move);
        target.addEventListener(
          "lostpointercapture",
          () => {
            target.removeEventListener("pointermove", move);
            endGesture();
          },
          { once: true },
        );
      }}
    />
  );
}

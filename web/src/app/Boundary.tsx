import "./Boundary.css";
import { Component, type ReactNode } from "react";
import { t } from "../state/messages/index";

/** Says so when drawing the page fails, in place of an empty one. What is open is kept elsewhere. */
export class Boundary extends Component<{ readonly children: ReactNode }> {
  override readonly state: { readonly reason: string | null } = { reason: null };

  static getDerivedStateFromError(error: unknown) {
    return { reason: String(error) };
  }

  override render() {
    const { reason } = this.state;
    if (reason === null) return this.props.children;
    return (
      <div className="broken" role="alert">
        <p>{t("app.broken")}</p>
        <code>{reason}</code>
        <button type="button" className="run" onClick={() => location.reload()}>
          {t("app.reload")}
        </button>
      </div>
    );
  }
}

import "@fontsource-variable/inter/wght.css";
import "@xyflow/react/dist/base.css";
import "./tokens.css";
import "./base.css";
import "./shell.css";
import "../canvas/canvas.css";
import "../widgets/widgets.css";
import "../panels/panels.css";
import "./narrow.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Boundary } from "./Boundary";
import { start } from "./start";

createRoot(document.getElementById("root") as HTMLElement).render(
  <Boundary>
    <App />
  </Boundary>,
);
void start();

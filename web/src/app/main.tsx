import "@fontsource-variable/inter/wght.css";
import "@xyflow/react/dist/base.css";
import "./tokens.css";
import "./base.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Boundary } from "./Boundary";
import { start } from "./start";
// After the styles that it changes.
import "./narrow.css";

createRoot(document.getElementById("root") as HTMLElement).render(
  <Boundary>
    <App />
  </Boundary>,
);
void start();

import "./App.css";
import { lazy, Suspense, useEffect } from "react";
import { Canvas } from "../canvas/Canvas";
import { catchFocus } from "../canvas/focus";
import { ContextMenu } from "../panels/ContextMenu";
import { FormPage } from "../panels/Form";
import { LinkDialog } from "../panels/LinkDialog";
import { OpenPanel } from "../panels/OpenPanel";
import { CompareDialog, PictureDialog } from "../panels/Picture";
import { Search } from "../panels/Search";
import { TemplateCards, useTemplates } from "../panels/Templates";
import { activeGraph, activeTab, isDirty, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { useRuns } from "../state/runs";
import { dismiss, isTouched, type OpenDialog, useUi } from "../state/ui";
import { Banners } from "./Banners";
import { Breadcrumbs } from "./Breadcrumbs";
import { Rail } from "./Rail";
import { Shortcuts } from "./Shortcuts";
import { StatusBar } from "./StatusBar";
import { TopBar } from "./TopBar";

// What one opens now and then does not delay the first sight of the page.
const SweepDialog = lazy(async () => ({ default: (await import("../panels/Sweep")).SweepDialog }));
const MaskDialog = lazy(async () => ({ default: (await import("../panels/Mask")).MaskDialog }));
const CropDialog = lazy(async () => ({ default: (await import("../panels/Crop")).CropDialog }));
const RegionsDialog = lazy(async () => ({
  default: (await import("../panels/Regions")).RegionsDialog,
}));
const ConflictDialog = lazy(async () => ({
  default: (await import("../panels/Conflict")).ConflictDialog,
}));
const ShareDialog = lazy(async () => ({ default: (await import("../panels/Share")).ShareDialog }));
const ReportDialog = lazy(async () => ({
  default: (await import("../panels/Report")).ReportDialog,
}));
const ConsentDialog = lazy(async () => ({
  default: (await import("../panels/Report")).ConsentDialog,
}));
const DescribeDialog = lazy(async () => ({
  default: (await import("../panels/Describe")).DescribeDialog,
}));

export function App() {
  const language = useUi((ui) => ui.language);
  const formOnly = useUi((ui) => ui.formOnly);
  usePageTitle();
  // Texts are read while drawing, so another language draws everything again.
  return (
    <div className="app" key={language}>
      <TopBar />
      <OfflineBanner />
      <Banners />
      <div className="workbench">
        {formOnly ? (
          <FormPage />
        ) : (
          <>
            <Rail />
            <OpenPanel side="left" />
            <main className="stage">
              <Heading />
              <Canvas />
              <Breadcrumbs />
              <EmptyState />
              <StatusBar />
              <Menu />
            </main>
          </>
        )}
        <OpenPanel side="right" />
      </div>
      <Overlays />
    </div>
  );
}

function Overlays() {
  const palette = useUi((ui) => ui.palette);
  const dialog = useUi((ui) => ui.dialog);
  return (
    <>
      {palette && <Search palette={palette} />}
      {dialog && (
        <Suspense fallback={null}>
          <DialogOf dialog={dialog} />
        </Suspense>
      )}
      <Toasts />
    </>
  );
}

function Menu() {
  const menu = useUi((ui) => ui.menu);
  return menu && <ContextMenu menu={menu} />;
}

/** What the page is about, for those who go by headings: the first page has a heading of its own. */
function Heading() {
  const title = useDocs((docs) => activeGraph(docs).title);
  const empty = useDocs(isBlank);
  return empty ? null : <h1 className="unseen">{title || t("tab.untitled")}</h1>;
}

function isBlank(docs: ReturnType<typeof useDocs.getState>): boolean {
  const { nodes, notes, groups } = activeGraph(docs);
  return [nodes, notes, groups].every((items) => Object.keys(items).length === 0);
}

function DialogOf({ dialog }: { dialog: OpenDialog }) {
  switch (dialog.kind) {
    case "shortcuts":
      return <Shortcuts />;
    case "picture":
      return <PictureDialog index={dialog.index} />;
    case "compare":
      return <CompareDialog pictures={dialog.pictures} />;
    case "link":
      return <LinkDialog node={dialog.node} />;
    case "sweep":
      return <SweepDialog />;
    case "conflict":
      return <ConflictDialog tab={dialog.tab} />;
    case "share":
      return <ShareDialog entry={dialog.entry} />;
    case "report":
      return <ReportDialog tab={dialog.tab} />;
    case "consent":
      return <ConsentDialog />;
    case "describe":
      return <DescribeDialog id={dialog.entry} />;
    case "mask":
      return <MaskDialog node={dialog.node} port={dialog.port} />;
    case "crop":
      return <CropDialog node={dialog.node} port={dialog.port} />;
    case "region":
      return <RegionsDialog node={dialog.node} />;
  }
}

function Toasts() {
  const toasts = useUi((ui) => ui.toasts);
  return (
    <div className="toasts" role="status">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast ${toast.tone}`}>
          <button type="button" onClick={() => dismiss(toast.id)}>
            {toast.text}
          </button>
          {toast.action && (
            <button
              type="button"
              className="quiet on"
              onClick={() => {
                toast.action?.perform();
                dismiss(toast.id);
              }}
            >
              {toast.action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

function OfflineBanner() {
  const online = useRuns((runs) => runs.online);
  const ready = useDocs((docs) => docs.ready);
  if (online || !ready) return null;
  return (
    <div className="banner" role="alert">
      {t("run.offline")}
    </div>
  );
}

function EmptyState() {
  const empty = useDocs(isBlank);
  const ready = useDocs((docs) => docs.ready);
  const palette = useUi((ui) => ui.palette);
  if (!ready) {
    return (
      <div className="empty">
        <p>{t("run.loading")}</p>
      </div>
    );
  }
  if (!empty || palette) return null;
  return <FirstPage />;
}

function FirstPage() {
  const found = useTemplates();
  // A template that was opened takes its card away, and the keyboard goes on at the graph.
  useEffect(() => () => queueMicrotask(catchFocus), []);
  return (
    <section className="empty" aria-label={t("empty.title")}>
      <h1>{t("empty.title")}</h1>
      <p>{t(isTouched() ? "empty.touch" : "empty.text")}</p>
      <TemplateCards found={found} />
      {!isTouched() && <p className="faint">{t("empty.drop")}</p>}
    </section>
  );
}

/** The tab of the browser says which workflow it is, and whether it was saved. */
function usePageTitle(): void {
  const title = useDocs((docs) => activeGraph(docs).title);
  const dirty = useDocs((docs) => isDirty(activeTab(docs)));
  useEffect(() => {
    document.title = `${dirty ? "• " : ""}${title || t("tab.untitled")} – weft`;
  }, [title, dirty]);
}

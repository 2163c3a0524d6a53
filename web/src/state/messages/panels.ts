/** Names of the panels, and of the tools of the rail. */

export const en = {
  "panel.nodes": "Nodes",
  "panel.templates": "Templates",
  "panel.outline": "Outline",
  "panel.form": "Form",
  "panel.results": "Results",
  "panel.queue": "Queue",
  "panel.problems": "Problems",
  "panel.library": "Library",
  "panel.history": "History",
  "rail.theme": "Switch between light and dark",
  "rail.language": "中文",
  "rail.shortcuts": "Keyboard shortcuts",
  "rail.share": "Share and export",
} as const;

/** The panels: each has its name under `panel.` and its row in `panels/table.ts`. */
export type PanelId = keyof typeof en extends infer K
  ? K extends `panel.${infer Id}`
    ? Id
    : never
  : never;

export const zh: Record<keyof typeof en, string> = {
  "panel.nodes": "节点",
  "panel.templates": "模板",
  "panel.outline": "大纲",
  "panel.form": "表单",
  "panel.results": "结果",
  "panel.queue": "队列",
  "panel.problems": "问题",
  "panel.library": "工作流库",
  "panel.history": "历史版本",
  "rail.theme": "切换浅色或深色",
  "rail.language": "English",
  "rail.shortcuts": "键盘快捷键",
  "rail.share": "分享与导出",
};

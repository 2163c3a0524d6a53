/** Texts of the page itself and of its windows. */

export const en = {
  "app.broken": "The page has failed. Your work is saved; reload the page to go on.",
  "app.reload": "Reload the page",
  "dialog.close": "Close",
  "dialog.cancel": "Cancel",
} as const;

export const zh: Record<keyof typeof en, string> = {
  "app.broken": "页面出错了。你的工作已保存；重新加载页面即可继续。",
  "app.reload": "重新加载页面",
  "dialog.close": "关闭",
  "dialog.cancel": "取消",
};

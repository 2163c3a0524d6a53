/** Texts of the form and of the inputs and outputs on it. */

export const en = {
  "form.title": "Form",
  "form.empty": "Nothing is on the form yet. Right-click a value and choose “Show in the form”.",
  "form.inputs": "Inputs",
  "form.outputs": "Outputs",
  "form.full": "Form only",
  "form.graph": "Back to the graph",
  "form.nothing": "Nothing yet. Press Run.",
  "port.title": "Inputs and outputs",
  "port.hint": "Right-click a value or socket to add it. Renaming keeps every link.",
  "port.none": "None yet",
  "port.up": "Up",
  "port.down": "Down",
  "port.hide": "Remove",
  "port.inputs": "Make it an input of the subgraph",
  "port.outputs": "Make it an output of the subgraph",
  "port.name": "Show it as a result in the form",
} as const;

export const zh: Record<keyof typeof en, string> = {
  "form.title": "表单",
  "form.empty": "表单还是空的。右键点击一个值，选择“放入表单”。",
  "form.inputs": "输入",
  "form.outputs": "输出",
  "form.full": "仅表单",
  "form.graph": "返回节点图",
  "form.nothing": "还没有结果。请按运行。",
  "port.title": "输入与输出",
  "port.hint": "右键单击参数或接口即可添加；重命名会保留所有连线。",
  "port.none": "暂无",
  "port.up": "上移",
  "port.down": "下移",
  "port.hide": "移除",
  "port.inputs": "设为子图的输入",
  "port.outputs": "设为子图的输出",
  "port.name": "在表单中显示为结果",
};

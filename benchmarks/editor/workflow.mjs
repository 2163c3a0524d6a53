// A workflow of n nodes and 1.5 n links, laid out on a grid: chains of image operations.

export function largeWorkflow(count) {
  const columns = Math.ceil(Math.sqrt(count * 1.6));
  const nodes = {};
  const places = {};
  let links = 0;
  for (let i = 0; i < count; i++) {
    const id = `n${i}`;
    const [column, row] = [i % columns, Math.floor(i / columns)];
    places[id] = { x: column * 336, y: row * 400 };
    if (column === 0) {
      nodes[id] = { type: "LoadImage", inputs: { file: "none.txt" } };
    } else if (column % 2 === 1) {
      nodes[id] = { type: "ImageScale", inputs: { image: { link: `n${i - 1}.image` }, width: 64 } };
      links++;
    } else {
      // Two links each: the row's chain, and the chain of the row above.
      const above = i - columns - 1;
      const other = above >= 0 && nodes[`n${above}`] ? `n${above}.image` : `n${i - 1}.image`;
      const inputs = { destination: { link: `n${i - 1}.image` }, source: { link: other } };
      nodes[id] = { type: "ImageCompositeMasked", inputs };
      links += 2;
    }
  }
  return { document: { weft: 1, title: `${count} nodes`, nodes, layout: { nodes: places } }, links };
}

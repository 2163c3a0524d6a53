// @saintno/comfyui-sdk: builder and call wrapper with progress, output and finish events.
import { readFileSync } from 'node:fs';
import { CallWrapper, ComfyApi, PromptBuilder } from '@saintno/comfyui-sdk';

const workflow = JSON.parse(readFileSync(new URL('txt2img.json', import.meta.url)));
const api = await new ComfyApi(`http://${process.argv[2]}`).init().waitForReady();
const checkpoints = await api.getCheckpoints();
if (!checkpoints.includes('thimble.safetensors')) throw new Error(`checkpoints: ${checkpoints}`);
const builder = new PromptBuilder(workflow, ['seed', 'positive'], ['images'])
  .setInputNode('seed', '3.inputs.seed')
  .setInputNode('positive', '6.inputs.text')
  .setOutputNode('images', '9')
  .input('seed', 7)
  .input('positive', 'a yellow circle');
let steps = 0;
const output = await new CallWrapper(api, builder)
  .onProgress(() => { steps += 1; })
  .onFailed((error) => { throw error; })
  .run();
if (!output || !output.images) throw new Error(`no output: ${JSON.stringify(output)}`);
const url = api.getPathImage(output.images.images[0]);
const picture = await (await fetch(url)).arrayBuffer();
if (!(picture.byteLength > 1000)) throw new Error('no picture');
if (!steps) throw new Error('no progress was heard');
process.exit(0);
